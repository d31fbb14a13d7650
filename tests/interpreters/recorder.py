"""An interpreter that notes every line between host and worker in the file that RECORD names.

Each line of the record is one byte, ``>`` to the worker or ``<`` from it, and
the line as it went over the wire.
"""

import os
import subprocess
import sys

with (
    open(os.environ["RECORD"], "ab") as record,
    subprocess.Popen(
        [sys.executable, *sys.argv[1:]], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as worker,
):
    while answer := worker.stdout.readline():
        record.write(b"<" + answer)
        os.write(1, answer)
        request = sys.stdin.buffer.readline()
        if not request:
            break
        record.write(b">" + request)
        worker.stdin.write(request)
        worker.stdin.flush()
    worker.stdin.close()
