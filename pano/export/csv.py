"""CSV: one row per frame, for spreadsheets, scripts and whatever has no format here."""

from __future__ import annotations

from math import isnan

from pano.camera.path import CameraPath
from pano.export.timeline import Timeline

HEADER = "frame,time_s,yaw_deg,pitch_deg,roll_deg,hfov_deg,cut,trust,confidence"


def write_csv(path: CameraPath, timeline: Timeline) -> str:
    """Write the pose at each frame; yaw is unwrapped, `cut` is 1 on a new shot.

    `trust` is the director's, `confidence` the localizer's, empty if not known.
    """
    shown = timeline.sampled(path)
    columns = (
        shown.time_s,
        shown.yaw_deg,
        shown.pitch_deg,
        shown.roll_deg,
        shown.hfov_deg,
        shown.cut,
        shown.trust,
        shown.confidence,
    )
    rows = [
        f"{frame},{time_s:.6f},{yaw:.6f},{pitch:.6f},{roll:.6f},{hfov:.6f},"
        f"{int(cut)},{trust:.4f},{'' if isnan(confidence) else f'{confidence:.4f}'}"
        for frame, (time_s, yaw, pitch, roll, hfov, cut, trust, confidence) in (
            enumerate(zip(*(column.tolist() for column in columns), strict=True))
        )
    ]
    return "\n".join([HEADER, *rows]) + "\n"
