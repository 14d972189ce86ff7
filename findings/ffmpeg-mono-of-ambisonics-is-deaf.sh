#!/usr/bin/env bash
# FFmpeg's mono mix of an ambisonic track without a tag is silent for a sound at the right.
#
# Seen with the ffmpeg 7.0.2 of imageio-ffmpeg 0.6.0. Cameras (GoPro MAX: "GoPro AMB"), recorders
# and audio workstations write the four channels of first-order ambisonics (ambiX: W Y Z X) as
# plain channels; FFmpeg takes them for the loudspeakers of `4.0` or `quad`. A source exactly at
# the right has W = s, Y = -s, Z = X = 0, and `-ac 1` adds W and Y with equal weights: nothing is
# left, without a warning. At the left the same source comes out 1.4 times as loud as it is. Tools that hand
# mono to a speech or event detector are deaf to one side of such a recording.
# With the tag (`ambisonic 1`) the mix is not made at all: swresample refuses it.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" -q install imageio-ffmpeg==0.6.0 numpy
cd "$work"
"$work/venv/bin/python" - <<'PY'
import subprocess

import imageio_ffmpeg
import numpy as np

FFMPEG = imageio_ffmpeg.get_ffmpeg_exe()
tone = 0.25 * np.sin(2 * np.pi * 440 * np.arange(48_000) / 48_000)


def mono_rms(yaw_deg, layout):
    """RMS of FFmpeg's mono mix of a tone on the horizon; None if it is refused."""
    azimuth = np.radians(-yaw_deg)  # ambisonic azimuth grows to the left
    field = np.outer([1, np.sin(azimuth), 0, np.cos(azimuth)], tone)
    raw = np.ascontiguousarray(field.T, dtype="<f4").tobytes()
    done = subprocess.run(
        [FFMPEG, "-v", "error", "-f", "f32le", "-ar", "48000", "-ch_layout", layout,
         "-i", "-", "-ac", "1", "-f", "f32le", "-"],
        input=raw, capture_output=True, check=False,
    )
    if done.returncode:
        return None
    return float(np.sqrt(np.mean(np.square(np.frombuffer(done.stdout, "<f4")))))


print("ffmpeg", imageio_ffmpeg.get_ffmpeg_version())
rms = {}
for layout in ("4.0", "quad", "ambisonic 1"):
    rms[layout] = {yaw: mono_rms(yaw, layout) for yaw in (0, 90, 180, -90)}
    words = ", ".join(
        f"{yaw:+d}°: {'refused' if value is None else format(value, '.4f')}"
        for yaw, value in rms[layout].items()
    )
    print(f"{layout:<12} RMS by yaw  {words}")
for layout in ("4.0", "quad"):
    assert rms[layout][90] < 1e-6, "no longer deaf to the right"
    assert rms[layout][-90] > 0.05
assert all(value is None for value in rms["ambisonic 1"].values())
PY
echo "as found"
