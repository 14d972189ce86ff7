"""The `view` job with a server: look, wish, plan again, film."""

from __future__ import annotations

import contextlib
import tempfile
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from pano.camera.path import CameraPath
from pano.errors import PanoError
from pano.media import Media, StereoLayout, open_media
from pano.media.sound.choice import SoundChoice
from pano.projections.kinds import ProjectionChoice
from pano_jobs.analysis.analysis_pass import Analysis
from pano_jobs.analysis.kept_maps import KeptAnalysis
from pano_jobs.analysis.localizer import Localizer
from pano_jobs.maps import MapsWriter
from pano_jobs.outputs import StrPath, check_output, optional_path
from pano_jobs.progress import SILENT, Progress, T
from pano_jobs.settings import LocalizeSettings, PanSettings
from pano_jobs.video.pan import pan
from pano_jobs.video.render import remembered_packing
from pano_jobs.view.packing import pack
from pano_jobs.view.page import page, path_arrays
from pano_jobs.view.proxy import make_proxy
from pano_jobs.view.replan import Replanner
from pano_jobs.view.server import ViewServer
from soundloc.errors import SoundlocError


def serve_page(
    source: StrPath,
    target: StrPath,
    *,
    path_source: StrPath | None = None,
    maps_source: StrPath | None = None,
    layout: StereoLayout | None = None,
    stored_projection: ProjectionChoice | None = None,
    sound: SoundChoice | None = None,
    localizer: Localizer | None = None,
    overwrite: bool = False,
    progress: Progress = SILENT,
    on_open: Callable[[ViewServer], None],
) -> None:
    """Serve the page of a clip on this machine until it is stopped.

    Parameters
    ----------
    target
        The film that the page's button makes; its path lies beside it, `NAME.json`.
    path_source, maps_source
        What `pan` kept of the clip; without them it is analysed and planned first.
    on_open
        Is told the server once it can be asked.

    Raises
    ------
    PanoError
        If the clip, its path or its maps cannot be read.
    """
    source, target = Path(source), Path(target)
    path = None if path_source is None else CameraPath.load(Path(path_source))
    for output in (target, target.with_suffix(".json")):
        check_output(output, source=source, overwrite=overwrite)
    if path is not None:
        layout, stored_projection = remembered_packing(
            path, source, layout, stored_projection
        )
    with contextlib.ExitStack() as stack:
        media = stack.enter_context(
            open_media(source, layout=layout, sound=sound, projection=stored_projection)
        )
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="pano-")))
        maps = optional_path(maps_source) or _analysed(
            media, folder, localizer, progress
        )
        kept = KeptAnalysis(maps, progress=SILENT)
        kept.check(media)
        replanner = Replanner(media, kept, path)
        path = path or replanner.plan(replanner.base)
        make_proxy(media, path, folder / "proxy.mp4", progress=progress)
        start_s = float(media.info.start_time)
        filming = Filming(source, maps, target)

        def solve(asked: Mapping[str, Any]) -> dict[str, Any]:
            begun_s = time.monotonic()
            planned = replanner.plan(replanner.settings(asked))
            index, packed = pack(path_arrays(planned, start_s))
            took_s = time.monotonic() - begun_s
            return {"arrays": index, "packed": packed, "took_s": took_s}

        def film(asked: Mapping[str, Any]) -> dict[str, Any]:
            if asked:
                filming.begin(replanner.settings(asked))
            return filming.state()

        lens = replanner.base.lens
        server = ViewServer(
            page(
                path,
                kept.opened,
                (folder / "proxy.mp4").read_bytes(),
                size_px=(lens.width_px, lens.height_px),
                start_s=start_s,
                film=target.name,
                has_maps_file=maps_source is not None,
            ),
            {"solve": solve, "film": film},
        )
        on_open(server)
        server.run()
        filming.wait()


def _analysed(
    media: Media, folder: Path, localizer: Localizer | None, progress: Progress
) -> Path:
    """Analyse a clip whose maps nobody kept."""
    maps = folder / "maps.npz"
    analysis = Analysis(
        media, LocalizeSettings(), localizer=localizer, progress=progress
    )
    with MapsWriter(maps, meta=analysis.meta) as writer:
        for found in analysis.maps():
            writer.write(found)
    return maps


class Filming:
    """Films in the background, one film at a time, and says how far it is."""

    def __init__(self, source: Path, maps: Path, target: Path) -> None:
        self._source, self._maps, self._target = source, maps, target
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._state: dict[str, Any] = {"state": "idle", "words": "", "share": 0.0}

    def begin(self, settings: PanSettings) -> None:
        """Begin a film, unless one is being made."""
        with self._lock:
            if self._thread is not None and self._thread.is_alive():
                return
            self._tell("running", "Beginning", 0.0)
            self._thread = threading.Thread(target=self._film, args=(settings,))
            self._thread.start()

    def state(self) -> dict[str, Any]:
        """Return the state, what is done and its share."""
        return dict(self._state)

    def wait(self) -> None:
        """Wait for the film that is being made."""
        if self._thread is not None:
            self._thread.join()

    def follow(
        self, items: Iterable[T], *, words: str, duration_s: float | None
    ) -> Iterator[T]:
        """Pass the items of the film on."""
        first_s: float | None = None
        for item in items:
            first_s = item.time_s if first_s is None else first_s
            share = (item.time_s - first_s) / duration_s if duration_s else 0.0
            self._tell("running", words, min(share, 1.0))
            yield item

    def _tell(self, state: str, words: str, share: float) -> None:
        self._state = {"state": state, "words": words, "share": share}

    def _film(self, settings: PanSettings) -> None:
        try:
            result = pan(
                self._source,
                self._target,
                settings,
                maps_source=self._maps,
                path_target=self._target.with_suffix(".json"),
                overwrite=True,  # what may be was asked before the page was opened
                progress=self,
            )
        except (PanoError, SoundlocError, OSError) as error:
            self._tell("failed", str(error), 0.0)
        else:
            self._tell("done", result.words(), 1.0)
