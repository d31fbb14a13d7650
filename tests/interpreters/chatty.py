"""An interpreter that greets on standard output before it runs the program."""

import runpy
import sys

print("Welcome to this interpreter!", flush=True)
del sys.argv[0]
runpy.run_path(sys.argv[0], run_name="__main__")
