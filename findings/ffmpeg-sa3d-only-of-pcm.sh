#!/usr/bin/env bash
# FFmpeg believes the spatial-audio box SA3D of PCM in MP4/MOV, and ignores the same box of AAC.
#
# Seen with PyAV 18.1.0 (libavcodec 62.28). The box is the one that YouTube asks for: first-order
# ambiX, channels 0 1 2 3. Four channels are written as PCM and as AAC, and the same 36 bytes are
# appended to the sample entry of each. PCM then has the layout `ambisonic 1`, AAC still `4.0`.
# A copy of the PCM track into another MP4, which the demuxer made possible, is refused by the
# muxer ("Invalid argument"), though only when the header is written: after the stream was
# accepted. Into MOV the copy succeeds, and has lost the box.
# So who wants to know whether an AAC track is ambisonic has to read the box, and who copies a
# PCM track has to give it the name of a loudspeaker layout first.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" -q install av==18.1.0 numpy
cd "$work"
"$work/venv/bin/python" - <<'PY'
import struct
from fractions import Fraction

import av
import numpy as np

# Size, kind, version, type, order, ordering (ACN), normalisation (SN3D), channels, their map.
BOX = struct.pack(">I4sBBIBBI4I", 36, b"SA3D", 0, 0, 1, 0, 0, 4, 0, 1, 2, 3)


def write(path, codec):
    rng = np.random.default_rng(0)
    with av.open(path, "w") as out:
        stream = out.add_stream(codec, rate=48_000)
        stream.layout = "4.0"
        to_codec = av.AudioResampler(stream.format.name, "4.0", 48_000)
        for k in range(20):
            noise = 0.1 * rng.standard_normal((4, 1024)).astype(np.float32)
            frame = av.AudioFrame.from_ndarray(noise, format="fltp", layout="4.0")
            frame.sample_rate, frame.pts = 48_000, 1024 * k
            frame.time_base = Fraction(1, 48_000)
            for part in to_codec.resample(frame):
                out.mux(stream.encode(part))
        out.mux(stream.encode(None))


def add_box(path, entry):
    """Append the box to the sample entry and let all boxes around it grow."""
    data = bytearray(open(path, "rb").read())
    assert data.find(b"mdat") < data.find(b"moov"), "the index comes last"
    at = data.find(entry, data.find(b"stsd")) - 4
    end = at + struct.unpack_from(">I", data, at)[0]
    data[end:end] = BOX
    for kind in (b"moov", b"trak", b"mdia", b"minf", b"stbl", b"stsd", entry):
        start = data.find(kind, data.find(b"moov")) - 4
        size = struct.unpack_from(">I", data, start)[0]
        struct.pack_into(">I", data, start, size + len(BOX))
    open(path, "wb").write(data)


def layout(path):
    with av.open(path) as container:
        return container.streams.audio[0].layout.name


def copy(source, target):
    try:
        with av.open(source) as media, av.open(target, "w") as out:
            track = media.streams.audio[0]
            stream = out.add_stream_from_template(track)
            for packet in media.demux(track):
                if packet.size:
                    packet.stream = stream
                    out.mux(packet)
    except av.error.FFmpegError as error:
        return error.strerror
    return layout(target)


write("pcm.mov", "pcm_s16le")
write("aac.mp4", "aac")
before = layout("pcm.mov"), layout("aac.mp4")
add_box("pcm.mov", b"sowt")
add_box("aac.mp4", b"mp4a")
after = layout("pcm.mov"), layout("aac.mp4")
print("PyAV", av.__version__)
print("PCM in MOV:", before[0], "-> with SA3D:", after[0])
print("AAC in MP4:", before[1], "-> with SA3D:", after[1])
to_mp4, to_mov = copy("pcm.mov", "copy.mp4"), copy("pcm.mov", "copy.mov")
print("PCM with SA3D copied into MP4:", to_mp4)
print("PCM with SA3D copied into MOV:", to_mov)
assert after == ("ambisonic 1", "4.0"), after
assert to_mp4 == "Invalid argument", to_mp4
assert to_mov == "4 channels", to_mov
PY
echo "as found"
