"""The editing project's timeline: picture size, frame rate and keyframe tolerance.

Editors count frames from the first picture of a clip, a path keeps the file's own
presentation times. Here is the one place where the two meet, so that no format can
be off by a frame or by the clip's first time stamp, or loses the clip.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from pano.camera.lens import Lens
from pano.camera.path import DEFAULT_RATE_HZ, CameraPath
from pano.camera.pose import DEFAULT_SIZE_PX
from pano.camera.timecode import Timecode
from pano.camera.viewport import Viewport
from pano.errors import SettingsError

DEFAULT_MAX_ERROR_DEG = 0.25
# What FFmpeg's v360 calls the lenses that it has as ours are.
V360_OUTPUTS = {Lens.RECTILINEAR: "flat", Lens.STEREOGRAPHIC: "sg"}
# What cameras and editors use; NTSC rates are not the decimals they are called by.
_KNOWN_RATES_HZ = tuple(
    rate
    for whole in (24, 25, 30, 48, 50, 60, 100, 120)
    for rate in (Fraction(whole * 1000, 1001), Fraction(whole))
)
# "29.97" is 0.003 Hz from 30000/1001, which itself is 0.03 Hz from 30.
_RATE_SLACK_HZ = 0.005
# A thousandth of a frame: far more than rounding, far less than anybody sees.
_FRAME_SLACK = 1e-3
# A day at 120 Hz: a path that is longer has a mistake in its times.
_MAX_FRAMES = 24 * 3600 * 120

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Timeline:
    """The picture and the clock of the project a path is exported to.

    Parameters
    ----------
    width_px, height_px
        Size of the flat picture; pixels are square.
    frame_rate_hz
        Frames are counted at this rate from the first picture on.
    max_error_deg
        How far a curve through fewer keyframes may be from the path, in each angle.
    file_name
        The name under which the export is stored, for formats that mention it.
    clip_name
        The clip's file as the export names it: from its own folder, or absolute. None
        is the name that the path has.
    project
        The text of the other program's own project, for formats that only change it.
    lens
        What the flat picture is filmed with.
    """

    width_px: int = DEFAULT_SIZE_PX[0]
    height_px: int = DEFAULT_SIZE_PX[1]
    frame_rate_hz: Fraction = DEFAULT_RATE_HZ
    max_error_deg: float = DEFAULT_MAX_ERROR_DEG
    file_name: str = "path"
    clip_name: str | None = None
    project: str | None = None
    lens: Lens = Lens.RECTILINEAR

    def __post_init__(self) -> None:
        if self.width_px < 1 or self.height_px < 1:
            size = f"{self.width_px}x{self.height_px}"
            raise ValueError(f"a picture needs pixels, got {size}")
        if self.frame_rate_hz <= 0:
            raise ValueError(f"frame_rate_hz must be positive: {self.frame_rate_hz}")
        if not (np.isfinite(self.max_error_deg) and self.max_error_deg > 0.0):
            raise ValueError(f"max_error_deg must be positive: {self.max_error_deg}")

    def vfov_deg(self, hfov_deg: float) -> float:
        """Return the vertical field of view that goes with a horizontal one."""
        viewport = Viewport(self.width_px, self.height_px, self.lens)
        return viewport.vfov_deg(hfov_deg)

    def named_clip(self, path: CameraPath) -> str:
        """Return the name under which the export's program finds the clip."""
        return self.clip_name or path.source.file

    def clip_timecode(self, path: CameraPath) -> Timecode | None:
        """Return the timecode of the clip's first picture, counted at this rate.

        None if it is not known, or frames come too rarely for one.
        """
        clip = path.source.clip
        if clip is None or clip.timecode is None or round(self.frame_rate_hz) < 1:
            return None
        written = clip.timecode
        n_frames = round(written.n_frames * self.frame_rate_hz / written.rate_hz)
        is_drop_frame = written.is_drop_frame and round(self.frame_rate_hz) % 30 == 0
        return Timecode(n_frames, self.frame_rate_hz, is_drop_frame)

    def sampled(self, path: CameraPath) -> CameraPath:
        """Return the path with one pose per frame; row k is frame k of the clip.

        A cut falls on the first frame of its shot. A path that has this clock already
        comes back unchanged in its angles. Frames before the path's first pose, where
        the clip begins earlier, hold it.

        Raises
        ------
        SettingsError
            If the path is longer than any clip.
        """
        start_s, end_s = clip_start_s(path), float(path.time_s[-1])
        rate_hz = float(self.frame_rate_hz)
        last = max(np.floor((end_s - start_s) * rate_hz + _FRAME_SLACK), 0.0)
        if last >= _MAX_FRAMES:
            raise SettingsError(
                f"the path runs from {start_s:.6g} s to {end_s:.6g} s, longer than a "
                "day; check its times"
            )
        time_s = start_s + np.arange(int(last) + 1) / rate_hz
        # A frame a rounding error before its pose is that pose, not the one before.
        nearest = np.clip(np.searchsorted(path.time_s, time_s), 0, len(path) - 1)
        close = np.abs(path.time_s[nearest] - time_s) * rate_hz < _FRAME_SLACK
        read_s = np.where(close, path.time_s[nearest], time_s)
        poses = [path.at(float(moment)) for moment in read_s]
        shown = np.searchsorted(path.time_s, read_s, side="right") - 1
        shown = np.maximum(shown, 0)
        n_cuts = np.cumsum(path.cut)[shown]
        cut = np.diff(n_cuts, prepend=0) > 0
        return dataclasses.replace(
            path,
            time_s=time_s,
            yaw_deg=np.array([pose.yaw_deg for pose in poses]),
            pitch_deg=np.array([pose.pitch_deg for pose in poses]),
            roll_deg=np.array([pose.roll_deg for pose in poses]),
            hfov_deg=np.array([pose.hfov_deg for pose in poses]),
            cut=cut,
            trust=path.trust[shown],
            confidence=path.confidence[shown],
        )


def clip_start_s(path: CameraPath) -> float:
    """Return when the clip's first picture is shown, on the path's clock."""
    clip = path.source.clip
    return float(path.time_s[0]) if clip is None else clip.start_s


def known_rate_hz(rate_hz: float) -> Fraction:
    """Return the exact rate that is meant: 29.97 is 30000/1001."""
    nearest = min(_KNOWN_RATES_HZ, key=lambda known: abs(float(known) - rate_hz))
    if abs(float(nearest) - rate_hz) < _RATE_SLACK_HZ:
        return nearest
    return Fraction(rate_hz).limit_denominator(1001)


def path_rate_hz(path: CameraPath) -> Fraction:
    """Return the rate of the path's clip, if it is known, or of the path's own clock.

    The latter is the analysis clock for a path as planned, which need not be the
    clip's, and 30 for a path of one pose.
    """
    clip = path.source.clip
    if clip is not None and clip.frame_rate_hz is not None:
        return known_rate_hz(float(clip.frame_rate_hz)) or clip.frame_rate_hz
    if len(path) < 2:
        return DEFAULT_RATE_HZ
    return known_rate_hz(1.0 / float(np.median(np.diff(path.time_s))))
