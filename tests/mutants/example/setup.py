"""A module with a few lines of C, to test the tools for mutants with."""

from setuptools import Extension, setup

setup(ext_modules=[Extension("counted._counted", sources=["counted.c"])])
