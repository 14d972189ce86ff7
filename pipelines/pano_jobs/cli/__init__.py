"""The command line, one small file per command."""

import os

# Its threads wait for each other busily: with one, which is quick enough for our small
# products of matrices, an analysis takes a quarter less of two processors. NumPy reads
# it when it is loaded, so it is said before anything else is.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

from pano_jobs.cli.main import main

__all__ = ["main"]
