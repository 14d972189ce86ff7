"""ffmpeg sendcmd: commands that steer the v360 filter, and the command line to use.

What was measured about v360 (reference: FFmpeg 5.1 to 9.0):

- without `reset_rot=1` every yaw command adds to the one before;
- a yaw beyond ±180 is refused, so moves are split where they cross the seam;
- `h_fov` alone leaves `v_fov` at its default: both are always given;
- its yaw, pitch and roll, in its own order ypr, are ours, signs included.

Times are those of the file itself, which needs `-copyts`: ffmpeg otherwise lets the
earliest stream, often the sound, begin at 0. The film is then moved back by the time of
the clip's first picture, to begin at 0. With a seam crossing, a tilt, a zoom and
a cut, ffmpeg's picture agrees with ours to 45 dB in its worst frame (RGB; a drawn
source with waves of 14° and more). v360 turns the halved chroma of 4:2:0 as if it were
sited elsewhere: it is brought to full size first, after which chroma as strong as the
luma agrees to 46 dB. Of a stereo clip the left eye is cut out, and a part of the sphere
is laid in its place on black, which is what `pano render` films.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from pano.camera.lens import Lens
from pano.camera.path import CameraPath
from pano.equirect.eye_on_sphere import EyeOnSphere
from pano.export.keyframes import HFOV, PITCH, ROLL, YAW, Curve, Shot, keyframes
from pano.export.timeline import V360_OUTPUTS, Timeline
from pano.sphere import wrap_deg

# A tenth of a pixel of a 4K picture: fewer commands, and nothing that can be seen.
_MAX_ERROR_DEG = 0.002
_NAMES = {YAW: "yaw", PITCH: "pitch", ROLL: "roll", HFOV: "h_fov"}

_TO_FULL_CHROMA = (
    "scale=flags=bicubic+accurate_rnd+full_chroma_inp+full_chroma_int,format=yuv444p"
)
# As `pano render` weaves fields: a picture for each pair of them.
_TO_FRAMES = "bwdif=mode=send_frame:parity=auto:deint=interlaced"

FloatArray = NDArray[np.float64]


def write_sendcmd(path: CameraPath, timeline: Timeline) -> str:
    """Write the command file; its first lines are the command line that uses it."""
    shots = keyframes(path, max_error_deg=_MAX_ERROR_DEG, curve=Curve.LINEAR)
    values = np.concatenate([shot.values_deg for shot in shots])
    # Where nothing moves the yaw is said all the same: ffmpeg refuses an empty file.
    moving = [axis for axis in _NAMES if np.ptp(values[:, axis]) > 0.0] or [YAW]
    lines = [f"# {_printable(command_line(path, timeline))}"]
    if path.source.clip is None:
        lines.append("# A stereo sphere needs in_stereo=tb or in_stereo=sbs in v360.")
    for shot in shots:
        lines += _commands(shot, moving, timeline)
    return "\n".join(lines) + "\n"


def command_line(path: CameraPath, timeline: Timeline) -> str:
    """Return the shell command that films a clip with the command file."""
    source, clip = timeline.named_clip(path) or "input.mp4", path.source.clip
    first = path.at(float(path.time_s[0]))
    options = {
        "input": "e",
        "output": V360_OUTPUTS[timeline.lens],
        "w": timeline.width_px,
        "h": timeline.height_px,
        "interp": "cubic",
        "reset_rot": 1,
        "yaw": _plain(float(wrap_deg(first.yaw_deg))),
        "pitch": _plain(first.pitch_deg),
        "roll": _plain(float(wrap_deg(first.roll_deg))),
        "h_fov": _plain(first.hfov_deg),
        "v_fov": _plain(timeline.vfov_deg(first.hfov_deg)),
    }
    v360 = ":".join(f"{name}={value}" for name, value in options.items())
    turned = f"sendcmd=f={_escaped(timeline.file_name)},v360={v360}"
    graph = [_TO_FULL_CHROMA, turned, "setsar=1", "format=yuv420p"]
    if clip is not None:
        eye = EyeOnSphere.of(
            (clip.width_px, clip.height_px),
            clip.layout,
            clip.bounds,
            black_rows_px=clip.black_rows_px,
        )
        graph[:1] = [*_crop(eye), _TO_FULL_CHROMA, *_pad(eye)]
        graph[:0] = [_TO_FRAMES] if clip.is_interlaced else []
    words = ["ffmpeg", "-copyts", "-i", f"file:{source}", "-vf", ",".join(graph)]
    words += ["-c:a", "copy"]
    if clip is not None and clip.start_s != 0.0:
        words += ["-output_ts_offset", f"{-clip.start_s:.6f}"]
    return shlex.join([*words, "flat.mp4"])


def _crop(eye: EyeOnSphere) -> list[str]:
    """Return the filter that cuts the left eye out, if there is more than that."""
    if eye.is_whole_picture:
        return []
    return [f"crop={eye.eye_px[0]}:{eye.eye_px[1]}:0:{eye.top_px}:exact=1"]


def _pad(eye: EyeOnSphere) -> list[str]:
    """Return the filters that lay a part of the sphere in its place."""
    if eye.is_whole_sphere:
        return []
    scale = "scale={}:{}:flags=bilinear".format(*eye.place_px)
    pad = "pad={}:{}:{}:{}:black".format(*eye.sphere_px, *eye.place[:2])
    return [pad] if eye.place_px == eye.eye_px else [scale, pad]


def _commands(shot: Shot, moving: list[int], timeline: Timeline) -> Iterator[str]:
    """Yield one line per stretch between keyframes, then the held last pose."""
    for k in range(len(shot.time_s) - 1):
        start_s, end_s = float(shot.time_s[k]), float(shot.time_s[k + 1])
        start, end = shot.values_deg[k], shot.values_deg[k + 1]
        cuts = _seam_shares(float(start[YAW]), float(end[YAW]))
        for near, far in zip([0.0, *cuts], [*cuts, 1.0], strict=True):
            yield _move(
                (start_s + near * (end_s - start_s), start_s + far * (end_s - start_s)),
                (start + near * (end - start), start + far * (end - start)),
                moving,
                timeline,
            )
    last = shot.values_deg[-1]
    held = [
        text for axis in moving for text in _held(axis, float(last[axis]), timeline)
    ]
    yield f"{_clock(float(shot.time_s[-1]))} {', '.join(held)};"


def _move(
    span_s: tuple[float, float],
    ends: tuple[FloatArray, FloatArray],
    moving: list[int],
    timeline: Timeline,
) -> str:
    start, end = ends
    commands: list[str] = []
    for axis in moving:
        a, b = float(start[axis]), float(end[axis])
        if axis in (YAW, ROLL):
            # The middle of a stretch tells which turn it is in, the ends may not.
            turn = 360.0 * np.floor(((a + b) / 2.0 + 180.0) / 360.0)
            a, b = a - turn, b - turn
        if a == b:
            commands += _held(axis, a, timeline)
            continue
        between = f"lerp({_plain(a)},{_plain(b)},TI)"
        commands.append(f"[expr] v360 {_NAMES[axis]} '{between}'")
        if axis == HFOV:
            slope = _plain(timeline.height_px / timeline.width_px)
            # A field of view is so many times an angle whose tangent is half a side.
            part = 360 if timeline.lens is Lens.RECTILINEAR else 720
            vfov = f"atan(tan({between}*PI/{part})*{slope})*{part}/PI"
            commands.append(f"[expr] v360 v_fov '{vfov}'")
    return f"{_clock(span_s[0])}-{_clock(span_s[1])} {', '.join(commands)};"


def _held(axis: int, value: float, timeline: Timeline) -> list[str]:
    if axis in (YAW, ROLL):
        value = float(wrap_deg(value))
    held = [f"v360 {_NAMES[axis]} {_plain(value)}"]
    if axis == HFOV:
        held.append(f"v360 v_fov {_plain(timeline.vfov_deg(value))}")
    return held


def _seam_shares(start_deg: float, end_deg: float) -> list[float]:
    """Return where in (0, 1) a turn from one unwrapped yaw to another meets ±180."""
    low, high = sorted((start_deg, end_deg))
    first = int(np.floor((low + 180.0) / 360.0)) + 1
    last = int(np.ceil((high + 180.0) / 360.0)) - 1
    seams = [360.0 * k - 180.0 for k in range(first, last + 1)]
    return sorted((seam - start_deg) / (end_deg - start_deg) for seam in seams)


def _clock(time_s: float) -> str:
    """Write a time in ffmpeg's microseconds, never later than it is.

    ffmpeg rounds a frame's time to the nearest: rounding down here makes the frame
    that begins a shot belong to it.
    """
    return f"{np.floor(time_s * 1e6 + 1e-3) / 1e6:.6f}"


def _plain(value: float) -> str:
    # Adding 0.0 turns -0.0 into 0.0.
    return f"{round(value, 5) + 0.0:.5f}".rstrip("0").rstrip(".")


def _escaped(file_name: str) -> str:
    """Escape a value for ffmpeg: once for the option, once for the filter graph."""
    option = re.sub(r"([\\':])", r"\\\1", file_name)
    return re.sub(r"([\\'\[\],;])", r"\\\1", option)


def _printable(text: str) -> str:
    """Keep a name with a line break from ending its comment."""
    return "".join(letter if letter.isprintable() else "?" for letter in text)
