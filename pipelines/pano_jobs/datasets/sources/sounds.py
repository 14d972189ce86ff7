"""Reads sound files, or notes why one is left out."""

from __future__ import annotations

from pathlib import Path

from pano.errors import MediaError
from pano_jobs.datasets.pair_writer import PairWriter
from pano_jobs.datasets.sources.clips import Waveform, Window, read_track


def usable_track(writer: PairWriter, path: Path | None, clip: str) -> Waveform | None:
    """Read a sound; None, and a note of why, if it cannot be."""
    if path is None:
        writer.leave_out("missing sound", clip)
        return None
    try:
        return read_track(path)
    except MediaError as error:
        writer.leave_out("corrupt sound", f"{clip} ({error})")
        return None


def is_usable_window(writer: PairWriter, window: Window, name: str) -> bool:
    """Tell whether something can be heard in a window; if not, note it."""
    if window.fault:
        writer.leave_out(window.fault, name)
    return not window.fault
