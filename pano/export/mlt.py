"""MLT XML: a project for melt, Shotcut and Kdenlive that films with MLT's own v360.

Yaw has to stay within ±180, so keyframes stand on both frames beside the seam. Lines
between keyframes, no curves: MLT's smooth ones overshoot. melt 7.12 films such a
project as we do to 44.8 dB (as in `sendcmd`), seam and cut included; Shotcut and
Kdenlive, which read the same files, were not tried. Only the filter `avfilter.v360` is
written: the frei0r plugin that Shotcut offers in its menu is in no Debian package, so
its conventions could not be checked.

MLT brings a clip to the project's size before any filter sees it. `force_aspect_ratio`
makes the sphere fill the picture; a larger project size keeps more of its detail.
"""

from __future__ import annotations

from collections.abc import Iterator
from xml.etree import ElementTree as Xml

import numpy as np
from numpy.typing import NDArray

from pano.camera.path import CameraPath
from pano.export.keyframes import HFOV, PITCH, ROLL, YAW, Curve, Shot, keyframes
from pano.export.timeline import V360_OUTPUTS, Timeline
from pano.sphere import wrap_deg

SPHERE_ASPECT = 2.0

FloatArray = NDArray[np.float64]


def write_mlt(path: CameraPath, timeline: Timeline) -> str:
    """Write a project of one clip with an animated filter."""
    shown = timeline.sampled(path)
    last = str(len(shown) - 1)
    root = Xml.Element("mlt", LC_NUMERIC="C", version="7.12.0", producer="pano")
    root.append(_profile(timeline))
    clip = Xml.SubElement(root, "producer", {"id": "sphere", "in": "0", "out": last})
    _property(clip, "resource", path.source.file or "input.mp4")
    _property(clip, "mlt_service", "avformat")
    _property(clip, "force_aspect_ratio", f"{_aspect(timeline) / SPHERE_ASPECT:.8f}")
    turn = Xml.SubElement(clip, "filter", {"id": "camera", "in": "0", "out": last})
    _property(turn, "mlt_service", "avfilter.v360")
    for name, value in _options(shown, timeline).items():
        _property(turn, f"av.{name}", value)
    playlist = Xml.SubElement(root, "playlist", id="pano")
    Xml.SubElement(playlist, "entry", {"producer": "sphere", "in": "0", "out": last})
    Xml.indent(root)
    text: str = Xml.tostring(root, encoding="unicode")
    return f'<?xml version="1.0" encoding="utf-8"?>\n{text}\n'


def _options(shown: CameraPath, timeline: Timeline) -> dict[str, str]:
    shots = keyframes(shown, max_error_deg=timeline.max_error_deg, curve=Curve.LINEAR)
    start_s, rate_hz = float(shown.time_s[0]), float(timeline.frame_rate_hz)
    rows = [
        row for shot in shots for row in _rows(shot, start_s=start_s, rate_hz=rate_hz)
    ]

    columns = np.stack([values for _, _, values in rows], axis=1)
    vfovs_deg = np.array([timeline.vfov_deg(float(hfov)) for hfov in columns[HFOV]])

    def animated(values_deg: FloatArray) -> str:
        # Each animated value makes v360 build its table once more per frame.
        if np.ptp(values_deg) == 0.0:
            return _plain(values_deg[0])
        return ";".join(
            f"{frame}{sign}{_plain(value)}"
            for (frame, sign, _), value in zip(rows, values_deg, strict=True)
        )

    return {
        "input": "e",
        "output": V360_OUTPUTS[timeline.lens],
        "interp": "cubic",
        "reset_rot": "1",
        "yaw": animated(columns[YAW]),
        "pitch": animated(columns[PITCH]),
        "roll": animated(columns[ROLL]),
        "h_fov": animated(columns[HFOV]),
        "v_fov": animated(vfovs_deg),
    }


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


def _profile(timeline: Timeline) -> Xml.Element:
    aspect = timeline.width_px, timeline.height_px
    shared = int(np.gcd(*aspect))
    numbers = {
        "width": timeline.width_px,
        "height": timeline.height_px,
        "progressive": 1,
        "sample_aspect_num": 1,
        "sample_aspect_den": 1,
        "display_aspect_num": aspect[0] // shared,
        "display_aspect_den": aspect[1] // shared,
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
