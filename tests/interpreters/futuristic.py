"""An interpreter whose worker speaks a later version of the protocol."""

import json
import sys

print(json.dumps({"hello": "mmap-spec worker", "protocol": 1000, "facts": {}}), flush=True)
sys.stdin.read()
