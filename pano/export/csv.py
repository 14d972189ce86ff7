"""CSV: one row per frame, for spreadsheets, scripts and whatever has no format here."""

from __future__ import annotations

from pano.camera.path import CameraPath
from pano.export.timeline import Timeline

HEADER = "frame,time_s,yaw_deg,pitch_deg,roll_deg,hfov_deg,cut,confidence"


def write_csv(path: CameraPath, timeline: Timeline) -> str:
    """Write the pose at each frame; yaw is unwrapped, `cut` is 1 on a new shot."""
    shown = timeline.sampled(path)
    columns = (
        shown.time_s,
        shown.yaw_deg,
        shown.pitch_deg,
        shown.roll_deg,
        shown.hfov_deg,
        shown.cut,
        shown.confidence,
    )
    rows = [
        f"{frame},{time_s:.6f},{yaw:.6f},{pitch:.6f},{roll:.6f},{hfov:.6f},"
        f"{int(cut)},{confidence:.4f}"
        for frame, (time_s, yaw, pitch, roll, hfov, cut, confidence) in enumerate(
            zip(*(column.tolist() for column in columns), strict=True)
        )
    ]
    return "\n".join([HEADER, *rows]) + "\n"
