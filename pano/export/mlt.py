"""MLT XML: a project for melt, Shotcut and Kdenlive that films the clip.

`mlt` films with MLT's own filter `avfilter.v360`, which every MLT with FFmpeg has;
`shotcut` with `frei0r.bigsh0t_eq_to_rect`, the filter in the menus of Shotcut and
Kdenlive, which Debian's MLT lacks. By its source its angles are ours: yaw to the right,
pitch up and roll clockwise in degrees, the roll made first, then the pitch, then the
yaw; its field of view is the horizontal one. The filter itself was not at hand: with a
stand-in that turns as its source does, melt films to 37 dB on every layout.

Yaw has to stay within ±180, so keyframes stand on both frames beside the seam. Lines
between keyframes, no curves: MLT's smooth ones overshoot. melt 7.12 films a project of
`mlt` as we do to 44.8 dB (as in `sendcmd`), seam and cut included.

MLT brings a clip to the size of the project before any filter sees it, save for `crop`,
which cuts the left eye out. `force_aspect_ratio` makes the eye fill the picture,
`affine` lays a part of the sphere in its place. A project is a whole multiple of the
size asked for, as large as the sphere's own detail needs: at 480x270 a view of 65°
would be filmed from 90 pixels. Scale the film, not the project: with melt's and
Shotcut's other sizes of output the clip is brought to them first.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from xml.etree import ElementTree as Xml

import numpy as np
from numpy.typing import NDArray

from pano.camera.path import CameraPath
from pano.equirect.eye_on_sphere import EyeOnSphere
from pano.export.keyframes import HFOV, PITCH, ROLL, YAW, Curve, Shot, keyframes
from pano.export.timeline import V360_OUTPUTS, Timeline
from pano.sphere import wrap_deg

FloatArray = NDArray[np.float64]


def write_mlt(path: CameraPath, timeline: Timeline) -> str:
    """Write a project of one clip with MLT's own animated filter."""
    return _project(path, timeline, "avfilter.v360", _v360_options)


def write_shotcut(path: CameraPath, timeline: Timeline) -> str:
    """Write a project of one clip with the filter that Shotcut and Kdenlive bring."""
    return _project(path, timeline, "frei0r.bigsh0t_eq_to_rect", _bigsh0t_options)


def project_size(path: CameraPath, timeline: Timeline) -> tuple[int, int]:
    """Return width and height of the project, a multiple of the timeline's.

    The sphere is brought to it before it is filmed, and there keeps the pixels it has,
    or as many as the narrowest view of the path shows. Where the path does not know its
    clip it is the timeline's own.
    """
    if path.source.clip is None:
        return timeline.width_px, timeline.height_px
    share = timeline.lens.half_width(float(path.hfov_deg.min())) / np.pi
    shown_px = min(timeline.width_px / share, _left_eye(path).sphere_px[0])
    times = max(1, math.ceil(shown_px / timeline.width_px))
    return times * timeline.width_px, times * timeline.height_px


def _project(
    path: CameraPath,
    timeline: Timeline,
    service: str,
    options: Callable[[_Animation, Timeline], dict[str, str]],
) -> str:
    size_px = project_size(path, timeline)
    shown = timeline.sampled(path)
    last = str(len(shown) - 1)
    root = Xml.Element("mlt", LC_NUMERIC="C", version="7.12.0", producer="pano")
    root.append(_profile(size_px, timeline))
    clip = Xml.SubElement(root, "producer", {"id": "sphere", "in": "0", "out": last})
    _property(clip, "resource", timeline.named_clip(path) or "input.mp4")
    _property(clip, "mlt_service", "avformat")
    eye = _left_eye(path)
    eye_aspect = eye.eye_px[0] / eye.eye_px[1]
    _property(clip, "force_aspect_ratio", f"{_aspect(timeline) / eye_aspect:.8f}")
    turn = options(_Animation.of(shown, timeline), timeline)
    for name, properties in [*_eye_filters(eye), (service, turn)]:
        item = Xml.SubElement(clip, "filter", {"in": "0", "out": last})
        _property(item, "mlt_service", name)
        for key, value in properties.items():
            _property(item, key, value)
    playlist = Xml.SubElement(root, "playlist", id="pano")
    Xml.SubElement(playlist, "entry", {"producer": "sphere", "in": "0", "out": last})
    Xml.indent(root)
    text: str = Xml.tostring(root, encoding="unicode")
    return f'<?xml version="1.0" encoding="utf-8"?>\n{text}\n'


def _left_eye(path: CameraPath) -> EyeOnSphere:
    """Return where the eye lies; a clip that is not known is a whole sphere."""
    clip = path.source.clip
    if clip is None:
        return EyeOnSphere((2, 1), (2, 1), (2, 1), (0, 0, 2, 1))
    return EyeOnSphere.of(
        (clip.width_px, clip.height_px),
        clip.layout,
        clip.bounds,
        black_rows_px=clip.black_rows_px,
    )


def _eye_filters(eye: EyeOnSphere) -> Iterator[tuple[str, dict[str, str]]]:
    """Cut the left eye out, in the file's pixels, and lay it in its place."""
    if not eye.is_whole_picture:
        right_px, bottom_px = (
            whole - one for whole, one in zip(eye.picture_px, eye.eye_px, strict=True)
        )
        edges = {"right": right_px, "bottom": bottom_px - eye.top_px}
        edges |= {"top": eye.top_px} if eye.top_px else {}
        yield "crop", {edge: str(n_px) for edge, n_px in edges.items()}
    if not eye.is_whole_sphere:
        rectangle = " ".join(f"{_plain(100.0 * share)}%" for share in eye.shares)
        yield (
            "affine",
            {
                "background": "color:black",
                "transition.rect": rectangle,
                "transition.fill": "1",
                "transition.distort": "1",
            },
        )


@dataclass(frozen=True, slots=True)
class _Animation:
    """Keyframes of all angles: frame, operator and values of each."""

    rows: list[tuple[int, str, FloatArray]]

    @classmethod
    def of(cls, shown: CameraPath, timeline: Timeline) -> _Animation:
        error_deg = timeline.max_error_deg
        shots = keyframes(shown, max_error_deg=error_deg, curve=Curve.LINEAR)
        start_s, rate_hz = float(shown.time_s[0]), float(timeline.frame_rate_hz)
        parts = [_rows(shot, start_s=start_s, rate_hz=rate_hz) for shot in shots]
        return cls([row for part in parts for row in part])

    def values_deg(self, axis: int) -> FloatArray:
        return np.array([values[axis] for _, _, values in self.rows])

    def text(self, values_deg: FloatArray) -> str:
        """Write values; one where nothing moves.

        Each animated value makes v360 build its table once more per frame.
        """
        if np.ptp(values_deg) == 0.0:
            return _plain(values_deg[0])
        return ";".join(
            f"{frame}{sign}{_plain(value)}"
            for (frame, sign, _), value in zip(self.rows, values_deg, strict=True)
        )


def _v360_options(turn: _Animation, timeline: Timeline) -> dict[str, str]:
    hfovs_deg = turn.values_deg(HFOV)
    vfovs_deg = np.array([timeline.vfov_deg(float(hfov)) for hfov in hfovs_deg])
    return {
        "av.input": "e",
        "av.output": V360_OUTPUTS[timeline.lens],
        "av.interp": "cubic",
        "av.reset_rot": "1",
        "av.yaw": turn.text(turn.values_deg(YAW)),
        "av.pitch": turn.text(turn.values_deg(PITCH)),
        "av.roll": turn.text(turn.values_deg(ROLL)),
        "av.h_fov": turn.text(hfovs_deg),
        "av.v_fov": turn.text(vfovs_deg),
    }


def _bigsh0t_options(turn: _Animation, _: Timeline) -> dict[str, str]:
    axes = {"yaw": YAW, "pitch": PITCH, "roll": ROLL, "fov": HFOV}
    angles = {name: turn.text(turn.values_deg(axis)) for name, axis in axes.items()}
    return {**angles, "fisheye": "0", "interpolation": "1"}


def _rows(
    shot: Shot, *, start_s: float, rate_hz: float
) -> Iterator[tuple[int, str, FloatArray]]:
    """Yield frame, operator and values; `|=` holds a value until the next keyframe."""
    key_frames = np.round((shot.time_s - start_s) * rate_hz).astype(int)
    frames = np.arange(key_frames[0], key_frames[-1] + 1)
    values = shot.at(start_s + frames / rate_hz)
    turns = np.floor((values[:, [YAW, ROLL]] + 180.0) / 360.0)
    jumps = np.flatnonzero(np.any(np.diff(turns, axis=0) != 0.0, axis=1)) + frames[0]
    for frame in np.union1d(key_frames, np.union1d(jumps, jumps + 1)):
        row = values[frame - frames[0]].copy()
        row[[YAW, ROLL]] = wrap_deg(row[[YAW, ROLL]])
        is_held = frame in jumps or frame == frames[-1]
        yield int(frame), "|=" if is_held else "=", row


def _profile(size_px: tuple[int, int], timeline: Timeline) -> Xml.Element:
    width_px, height_px = size_px
    shared = math.gcd(width_px, height_px)
    numbers = {
        "width": width_px,
        "height": height_px,
        "progressive": 1,
        "sample_aspect_num": 1,
        "sample_aspect_den": 1,
        "display_aspect_num": width_px // shared,
        "display_aspect_den": height_px // shared,
        "frame_rate_num": timeline.frame_rate_hz.numerator,
        "frame_rate_den": timeline.frame_rate_hz.denominator,
        "colorspace": 709,
    }
    texts = {name: str(number) for name, number in numbers.items()}
    return Xml.Element("profile", {"description": "pano"} | texts)


def _aspect(timeline: Timeline) -> float:
    return timeline.width_px / timeline.height_px


def _property(parent: Xml.Element, name: str, value: str) -> None:
    Xml.SubElement(parent, "property", name=name).text = value


def _plain(value: float) -> str:
    return f"{round(float(value), 4) + 0.0:.4f}".rstrip("0").rstrip(".")
