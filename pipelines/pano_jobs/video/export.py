"""The `export` job: write a camera path in the format of another program."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

from pano.camera.path import CameraPath
from pano.camera.pose import DEFAULT_SIZE_PX
from pano.errors import SettingsError
from pano.export import (
    DEFAULT_MAX_ERROR_DEG,
    FORMATS,
    Format,
    Timeline,
    path_rate_hz,
)
from pano_jobs.outputs import check_output, written_whole
from pano_jobs.results import ExportResult


def export(
    source: Path,
    target: Path,
    format_name: str,
    *,
    size: tuple[int, int] | None = None,
    frame_rate_hz: Fraction | None = None,
    max_error_deg: float = DEFAULT_MAX_ERROR_DEG,
    project: Path | None = None,
    overwrite: bool = False,
) -> ExportResult:
    """Write a camera path for another program.

    Parameters
    ----------
    size
        Width and height of the flat picture in pixels; by default the path's own.
    frame_rate_hz
        Rate at which frames are counted; by default the path's own clock.
    project
        The other program's own project, to be copied with the path in it.

    Raises
    ------
    PanoError
        If the format is unknown, the path cannot be read or said in it, or the
        result cannot be written.
    """
    chosen = _format(format_name, is_into_project=project is not None)
    for kept in filter(None, (source, project)):
        check_output(target, source=kept, overwrite=overwrite)
    path = CameraPath.load(source)
    _check_lens(path, chosen, format_name)
    width_px, height_px = size or _own_size(path)
    timeline = Timeline(
        width_px=width_px,
        height_px=height_px,
        frame_rate_hz=frame_rate_hz or path_rate_hz(path),
        max_error_deg=max_error_deg,
        file_name=target.name,
        lens=path.source.lens,
        project=None if project is None else _text_of(project),
    )
    text = chosen.write(path, timeline)
    with written_whole(target) as part:
        part.write_text(text, encoding="utf-8", newline="")
    return ExportResult(
        source=source,
        target=target,
        format=format_name,
        n_poses=len(path),
        width_px=width_px,
        height_px=height_px,
        frame_rate_hz=timeline.frame_rate_hz,
        notes=_notes(chosen, timeline, has_rate=frame_rate_hz is not None),
    )


def _format(name: str, *, is_into_project: bool) -> Format:
    """Return the format of this name, which must fit what it is written into."""
    if name not in FORMATS:
        raise SettingsError(
            f"{name} is no format to export to; choose {', '.join(FORMATS)}"
        )
    if is_into_project and not FORMATS[name].changes_project:
        raise SettingsError(f"{name} writes a file of its own; leave --into out")
    return FORMATS[name]


def _check_lens(path: CameraPath, chosen: Format, name: str) -> None:
    """Refuse a path through a lens that the format cannot express."""
    if path.source.lens not in chosen.lenses:
        raise SettingsError(
            f"{name} has no {path.source.lens} lens; choose another format or "
            "set the lens of the path to rectilinear"
        )


def _notes(chosen: Format, timeline: Timeline, *, has_rate: bool) -> tuple[str, ...]:
    """Say what a user should know about what was written."""
    notes = []
    if chosen.changes_project and timeline.project is None:
        notes.append("only the keyframes were written; --into fills a project")
    if chosen.counts_frames and not has_rate:
        notes.append(
            f"frames are counted at {float(timeline.frame_rate_hz):.6g} Hz, the clock "
            "of the path; if the video has another rate, pass --frame-rate"
        )
    return tuple(notes)


def _own_size(path: CameraPath) -> tuple[int, int]:
    size = path.source.width_px, path.source.height_px
    return size if min(size) > 0 else DEFAULT_SIZE_PX


def _text_of(project: Path) -> str:
    try:
        return project.read_text(encoding="utf-8")
    except (OSError, ValueError) as error:
        raise SettingsError(f"{project} cannot be read as text: {error}.") from error
