"""The command line, one small file per command."""

from pano_jobs.cli.main import main

__all__ = ["main"]
