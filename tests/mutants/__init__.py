"""Mutants: the C sources of an implementation with one mistake each, to measure the battery.

``parsing`` reads C, ``operators`` makes the mistakes, ``building`` compiles them,
``covering`` finds out which test executes which statement, ``killing`` runs the
battery until the first failure, ``records`` keeps results and judgements, and
``report`` counts.  docs/mutants.md says how to use it; ``python -m mutants`` is it.
"""
