"""Looks at a video as often as it must: again only where the picture changed."""

from __future__ import annotations

from pano.media import Frame
from pano_jobs.analysis.changes import ChangeDetector, Window
from pano_jobs.analysis.localizer import FloatArray, Localizer
from pano_jobs.analysis.looks import Look
from pano_jobs.overlap import in_order

# Ticks from one look at a whole picture to the next. When everything moves, the camera
# does, and paths of twice as many looks are hardly different: within 1° on real clips.
_TICKS_BETWEEN_WHOLE = 2


class Watcher:
    """Looks at the pictures of a video, one by one.

    Parameters
    ----------
    is_sparing
        Look only where something changed since the last look, and at a whole picture
        only every other time. Otherwise all of every picture is looked at.
    """

    def __init__(self, localizer: Localizer, *, is_sparing: bool) -> None:
        self._localizer, self._is_sparing = localizer, is_sparing
        self._changes = ChangeDetector()
        self._latest: Look | None = None
        self._n_since_whole = _TICKS_BETWEEN_WHOLE

    def look(self, frame: Frame) -> Look | None:
        """Look at a picture.

        Returns the latest look again where nothing changed since, and None if it is
        better to wait for the next picture.
        """
        self._n_since_whole += 1
        if self._latest is None or not self._is_sparing:
            return self._look(frame, None)
        windows = self._changes.windows(frame.image)
        if windows is None and self._n_since_whole < _TICKS_BETWEEN_WHOLE:
            return None
        if windows is not None and not windows:
            return self._latest
        return self._look(frame, windows)

    def _look(self, frame: Frame, windows: list[Window] | None) -> Look:
        """Look through windows, or at all of a picture."""
        image = frame.image
        if windows is None or self._latest is None:
            visual = self._localizer.see(image, wrap=True)
            self._n_since_whole = 0
        else:
            visual = self._latest.visual.copy()

            def see(window: Window) -> FloatArray:
                return self._localizer.see(window.cut(image), wrap=False)

            for window, seen in in_order(see, windows):
                rows = slice(window.top, window.bottom)
                columns = window.columns(visual.shape[2])
                visual[:, rows, columns] = window.answer(seen)
        if self._is_sparing:
            self._changes.note(image, windows)
        self._latest = Look(frame.time_s, visual)
        return self._latest
