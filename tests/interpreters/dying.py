"""An interpreter that ends before it runs anything."""

import sys

print("cannot allocate the heap", file=sys.stderr)
sys.exit(7)
