"""Imports TensorFlow without the lines about oneDNN and CUDA that its C++ core prints at each start.

No setting turns them off (tensorflow#100442). All other output of the import is passed on.
"""

import os
import sys
import tempfile

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")  # after the import, errors that matter are exceptions

with tempfile.TemporaryFile() as start_up:
    stderr = os.dup(2)
    os.dup2(start_up.fileno(), 2)
    try:
        import tensorflow  # noqa: F401  imported for its side effect, before any other import of it
    finally:
        os.dup2(stderr, 2)
        os.close(stderr)
        start_up.seek(0)
        for line in start_up.read().decode(errors="replace").splitlines(keepends=True):
            if not line.startswith(("I0000", "WARNING: All log messages before absl")):
                sys.stderr.write(line)
