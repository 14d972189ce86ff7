"""The command line, one small file per command."""

from pipelines.cli.main import main

__all__ = ["main"]
