#!/usr/bin/env bash
# swscale turns 4:2:0 of 10 bits into garbage with `bilinear+full_chroma_int` on the way to rgb48.
#
# Seen with PyAV 18.1.0 (libswscale 9). Every combination of formats and flags around it is right:
# gbrp16 or rgb24 out, `bicubic`, or without full_chroma_int, all are within rounding of the
# closed form. This one is off by a fifth of full scale, without a warning: an orange comes out
# as a magenta. Grey stays grey, so that a test with a ramp does not see it. The ffmpeg 7.0.2 of
# imageio-ffmpeg 0.6.0 does it right. rgb48 is what one takes to keep 10-bit and HDR pictures in
# NumPy, and full_chroma_int what one adds to get colours exact.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" -q install imageio-ffmpeg==0.6.0 av==18.1.0 numpy
cd "$work"
"$work/venv/bin/python" - <<'PY'
import subprocess

import av
import imageio_ffmpeg
import numpy as np
from av.video.reformatter import ColorRange, Colorspace, Interpolation, VideoReformatter

FFMPEG = imageio_ffmpeg.get_ffmpeg_exe()
W, H = 64, 64
# A plain colour, so that no filter matters: Y'CbCr of BT.709, limited range, 10 bits.
Y, U, V = 620, 420, 700
luma, blue, red = (Y - 64) / 876, (U - 512) / 896, (V - 512) / 896
want = np.array([luma + 1.5748 * red, luma - 0.1873 * blue - 0.4681 * red,
                 luma + 1.8556 * blue])
planes = [np.full((H, W), Y, "<u2"), np.full((H // 2, W // 2), U, "<u2"),
          np.full((H // 2, W // 2), V, "<u2")]
raw = b"".join(plane.tobytes() for plane in planes)


def by_program(flags):
    done = subprocess.run(
        [FFMPEG, "-v", "error", "-f", "rawvideo", "-pix_fmt", "yuv420p10le",
         "-s", f"{W}x{H}", "-i", "-", "-vf",
         f"scale=in_color_matrix=bt709:in_range=tv:out_range=pc:flags={flags}",
         "-f", "rawvideo", "-pix_fmt", "rgb48le", "-"],
        input=raw, capture_output=True, check=True,
    )
    return np.frombuffer(done.stdout, "<u2").reshape(H, W, 3) / 65535


def by_pyav(flags):
    frame = av.VideoFrame(W, H, "yuv420p10le")
    frame.colorspace, frame.color_range = Colorspace.ITU709, ColorRange.MPEG
    for plane, values in zip(frame.planes, planes):
        rows = np.frombuffer(plane, "<u2").reshape(plane.height, -1)
        padded = np.zeros(rows.shape, "<u2")
        padded[:, : plane.width] = values
        plane.update(padded.tobytes())
    made = VideoReformatter().reformat(
        frame, format="rgb48le", dst_color_range=ColorRange.JPEG, interpolation=flags
    )
    return made.to_ndarray() / 65535


I = Interpolation
off = {
    "ffmpeg  bilinear+full_chroma_int": by_program("bilinear+full_chroma_int"),
    "ffmpeg  bicubic+full_chroma_int": by_program("bicubic+full_chroma_int"),
    "PyAV    bilinear+full_chroma_int": by_pyav(I.BILINEAR | I.FULL_CHR_H_INT),
    "PyAV    bicubic+full_chroma_int": by_pyav(I.BICUBIC | I.FULL_CHR_H_INT),
    "PyAV    bilinear": by_pyav(I.BILINEAR),
}
print("ffmpeg", imageio_ffmpeg.get_ffmpeg_version(), "PyAV", av.__version__)
print("want   ", np.round(want, 3))
for name, found in off.items():
    print(f"{name:<36}{np.round(found.mean(axis=(0, 1)), 3)}")
    off[name] = np.abs(found - want).mean()
assert off["PyAV    bilinear+full_chroma_int"] > 0.05, "no longer garbage"
assert off["ffmpeg  bilinear+full_chroma_int"] < 0.01
assert off["PyAV    bicubic+full_chroma_int"] < 0.01
assert off["PyAV    bilinear"] < 0.01
PY
echo "as found"
