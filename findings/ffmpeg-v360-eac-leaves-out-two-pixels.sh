#!/usr/bin/env bash
# FFmpeg's v360 leaves out two pixels at every edge of an equi-angular cubemap; GoPro's
# strips have none, so that `.360` files converted by it are off by up to two pixels.
#
# Seen with the ffmpeg 7.0.2 of imageio-ffmpeg 0.6.0, undocumented there. `v360=eac:…` and
# `v360=…:eac` take the three faces of a row for (w - 4)/3 pixels wide and (h/2 - 4) high, with
# a rim of two pixels around them; `c3x2` has none. Whoever builds an EAC picture of
# a GoPro MAX's two tracks (hstack, crop, vstack) and hands it to v360 gets every direction at
# the outer edges of the faces wrong by two pixels: 0.13° at 1344 pixels a face, 0.24° at 736.
# Writing and reading with v360 hides it.
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
N = 240  # pixels of a face
W, H = 3 * N, 2 * N


def filtered(picture, graph, shape):
    """Send 16-bit grey pictures through a filter."""
    height, width = picture.shape
    done = subprocess.run(
        [FFMPEG, "-v", "error", "-f", "rawvideo", "-pix_fmt", "gray16le",
         "-s", f"{width}x{height}", "-i", "-", "-vf", graph,
         "-f", "rawvideo", "-pix_fmt", "gray16le", "-"],
        input=picture.astype("<u2").tobytes(), capture_output=True, check=True,
    )
    return np.frombuffer(done.stdout, "<u2").reshape(shape).astype(float)


print("ffmpeg", imageio_ffmpeg.get_ffmpeg_version())
# An equirectangular picture whose grey is its yaw: 0 at -180°, 65535 at 180°.
yaw = (np.arange(3840) + 0.5) / 3840
sphere = np.broadcast_to(yaw * 65535, (1920, 3840))
eac = filtered(sphere, f"v360=e:eac:w={W}:h={H}", (H, W))
horizon = eac[N // 2] / 65535 * 360 - 180  # left, front and right face
plain = ((np.arange(W) + 0.5) / N - 1.5) * 90
padded = ((np.arange(W) + 0.5 - 2) / ((W - 4) / 3) - 1.5) * 90
inner = slice(4, W - 4)
off_plain = np.abs(horizon - plain)[inner].max()
off_padded = np.abs(horizon - padded)[inner].max()
pixel = 90 / N
print(f"yaw along the horizon: off by {off_plain / pixel:.2f} px from 3 faces of {N}")
print(f"                       off by {off_padded / pixel:.2f} px from 3 faces in {W - 4}")
print("first columns, degrees:", np.round(horizon[:4], 2), "plain:", np.round(plain[:4], 2))
assert off_padded / pixel < 0.5, "the rim of two pixels is gone"
assert off_plain / pixel > 1.5, "the rim of two pixels is gone"
PY
echo "as found"
