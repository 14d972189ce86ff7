"""The `view` job: a page for the browser that shows a clip, its path and its film."""

from __future__ import annotations

import tempfile
from pathlib import Path

from pano.camera.path import CameraPath
from pano.camera.pose import DEFAULT_SIZE_PX
from pano.media import StereoLayout, open_media
from pano.media.sound.choice import SoundChoice
from pano.projections.kinds import ProjectionChoice
from pano_jobs.analysis.kept_maps import KeptAnalysis
from pano_jobs.outputs import StrPath, check_output, written_whole
from pano_jobs.progress import SILENT, Progress
from pano_jobs.results import ViewResult
from pano_jobs.video.render import remembered_packing
from pano_jobs.view.page import page
from pano_jobs.view.proxy import MAX_BYTES, make_proxy


def export_page(
    source: StrPath,
    path_source: StrPath,
    target: StrPath,
    *,
    maps_source: StrPath | None = None,
    layout: StereoLayout | None = None,
    stored_projection: ProjectionChoice | None = None,
    sound: SoundChoice | None = None,
    overwrite: bool = False,
    progress: Progress = SILENT,
) -> ViewResult:
    """Write a page that works from a file, without a server and without the net.

    Parameters
    ----------
    maps_source
        Maps of the clip, for the heat map and the timeline.
    layout, stored_projection
        How the clip holds the sphere; ``None`` is what the path remembers of it.

    Raises
    ------
    PanoError
        If the clip, its path or its maps cannot be read, or the page not be written.
    """
    source, path_source, target = Path(source), Path(path_source), Path(target)
    path = CameraPath.load(path_source)
    check_output(target, source=source, overwrite=overwrite)
    kept = None
    if maps_source is not None:
        kept = KeptAnalysis(Path(maps_source), progress=progress)
    layout, stored_projection = remembered_packing(
        path, source, layout, stored_projection
    )
    with (
        open_media(
            source, layout=layout, sound=sound, projection=stored_projection
        ) as media,
        tempfile.TemporaryDirectory(prefix=".pano-", dir=target.parent) as folder,
    ):
        if kept is not None:
            kept.check(media)
        proxy = Path(folder) / "proxy.mp4"
        make_proxy(media, path, proxy, progress=progress)
        size = path.source.width_px, path.source.height_px
        text = page(
            path,
            None if kept is None else kept.opened,
            proxy.read_bytes(),
            size_px=size if min(size) > 0 else DEFAULT_SIZE_PX,
            start_s=float(media.info.start_time),
        )
        n_proxy_bytes = proxy.stat().st_size
    with written_whole(target) as part:
        part.write_text(text, encoding="utf-8", newline="")
    notes: tuple[str, ...] = ()
    if n_proxy_bytes > MAX_BYTES:
        notes = (
            f"the video in the page has {n_proxy_bytes / 1e6:.0f} MB, for the clip is "
            "long; a part of it makes a page that is easier to send",
        )
    return ViewResult(source, target, path_source, n_proxy_bytes, notes)
