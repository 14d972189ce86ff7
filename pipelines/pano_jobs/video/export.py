"""The `export` job: write a camera path in the format of another program."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

from pano.camera.filmed_clip import FilmedClip, name_from
from pano.camera.path import CameraPath, PathSource
from pano.camera.pose import DEFAULT_SIZE_PX
from pano.equirect.layouts import StereoLayout
from pano.errors import SettingsError
from pano.export import (
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
    max_error_deg: float | None = None,
    project: Path | None = None,
    overwrite: bool = False,
) -> ExportResult:
    """Write a camera path for another program.

    Parameters
    ----------
    size
        Width and height of the flat picture in pixels; by default the path's own.
    frame_rate_hz
        Rate at which frames are counted; by default the clip's, or where the path does
        not know it, the path's own clock.
    max_error_deg
        How far thinned keyframes may be from the path; by default what the format
        needs.
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
    _check_projection(path, format_name)
    width_px, height_px = size or _own_size(path)
    place = _place(path.source, source.parent)
    timeline = Timeline(
        width_px=width_px,
        height_px=height_px,
        frame_rate_hz=frame_rate_hz or path_rate_hz(path),
        max_error_deg=max_error_deg or chosen.max_error_deg,
        file_name=target.name,
        clip_name=None if place is None else name_from(target.parent, str(place)),
        lens=path.source.lens,
        project=None if project is None else _text_of(project),
    )
    clip = path.source.clip
    has_rate = bool(frame_rate_hz or (clip and clip.frame_rate_hz))
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
        notes=(
            *_notes(chosen, timeline, has_rate=has_rate),
            *_clip_notes(path.source, chosen, place),
            *_size_note(path, chosen, timeline),
        ),
    )


# The other program turns these formats' clip into the film itself.
_FILMING = frozenset({"sendcmd", "mlt", "shotcut"})


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


def _check_projection(path: CameraPath, name: str) -> None:
    """Refuse to have another program film what it would take for something else."""
    clip = path.source.clip
    if clip is None or name not in _FILMING:
        return
    if not clip.is_equirectangular:
        raise SettingsError(
            f"{name} films equirectangular clips alone, and this path's is "
            f"{clip.projection.kind}; film it with `pano render`"
        )
    # MLT crops and fits a picture before it turns it: upside down a sphere stays one.
    turned_deg = clip.rotation_deg
    if name == "sendcmd" or turned_deg == 0 or (turned_deg == 180 and clip.is_plain):
        return
    raise SettingsError(
        f"{name} films upright clips alone, and this one is stored turned by "
        f"{turned_deg}°; film it with `pano render` or export `sendcmd`"
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


def _place(source: PathSource, folder: Path) -> Path | None:
    """Return where the clip lies: where it was, else beside its path.

    None if it is at neither place.
    """
    places = [folder / source.file] if source.file else []
    if source.clip is not None and source.clip.place:
        places.insert(0, Path(source.clip.place))
    return next((place for place in places if place.is_file()), None)


def _clip_notes(
    source: PathSource, chosen: Format, place: Path | None
) -> tuple[str, ...]:
    notes = []
    if chosen.names_clip and source.file and place is None:
        notes.append(
            f"{source.file} lies neither where it was nor beside the path; "
            "the export looks for it beside itself"
        )
    if chosen.needs_sphere and source.clip is not None and not source.clip.is_plain:
        notes.append(f"the sphere around the camera is {_packing(source.clip)}")
    is_filmed = chosen in (FORMATS[name] for name in _FILMING)
    if is_filmed and source.clip is not None and source.clip.is_hdr:
        notes.append(
            "the clip is HDR, which the other program films without tone mapping; "
            "`pano render` tone-maps or keeps it"
        )
    return tuple(notes)


def _size_note(path: CameraPath, chosen: Format, timeline: Timeline) -> tuple[str, ...]:
    """Say that a project is larger than the size asked for, and why."""
    if chosen.project_size is None:
        return ()
    asked = f"{timeline.width_px}x{timeline.height_px}"
    project = "{}x{}".format(*chosen.project_size(path, timeline))
    why = "the editor brings the whole sphere to the project's size before it films"
    if path.source.clip is None:
        return (f"{why}, {asked}; a --size as wide as the clip keeps its detail",)
    if project == asked:
        return ()
    return (f"{why}, so that is {project}; scale the film to {asked} after",)


def _packing(clip: FilmedClip) -> str:
    """Say what of a clip's picture is laid where on a sphere."""
    halves = {
        StereoLayout.TOP_BOTTOM: "upper half",
        StereoLayout.SIDE_BY_SIDE: "left half",
    }
    eye = f"the {halves.get(clip.layout, 'whole')} of the picture"
    if clip.black_rows_px:
        eye += f", without {clip.black_rows_px} rows of black above and below it"
    if clip.bounds.is_full:
        return eye
    bounds = clip.bounds
    left_deg, right_deg = 360.0 * bounds.left - 180.0, 180.0 - 360.0 * bounds.right
    bottom_deg, top_deg = 180.0 * bounds.bottom - 90.0, 90.0 - 180.0 * bounds.top
    return (
        f"{eye}, laid from yaw {left_deg:.4g}° to {right_deg:.4g}° and from pitch "
        f"{bottom_deg:.4g}° to {top_deg:.4g}°"
    )


def _own_size(path: CameraPath) -> tuple[int, int]:
    size = path.source.width_px, path.source.height_px
    return size if min(size) > 0 else DEFAULT_SIZE_PX


def _text_of(project: Path) -> str:
    try:
        return project.read_text(encoding="utf-8")
    except (OSError, ValueError) as error:
        raise SettingsError(f"{project} cannot be read as text: {error}.") from error
