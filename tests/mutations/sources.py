"""Small valid sources of every container, with the metadata that pano reads.

Each is a file of some kilobytes, with eight pictures and a short sound, or two files
that belong together.
"""

from __future__ import annotations

import dataclasses
import shutil
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import av
import numpy as np

from pano.ambisonics.formats import AMBIX
from pano.equirect.layouts import SphereBounds, StereoLayout
from pano.media import SphericalMetadata, convert, write_spherical
from pano.media.metadata.spatial_audio import write_spatial_audio
from tests import source_matrix
from tests import stored_pictures as stored
from tests.pipelines.video.test_camera_files import write_tracks
from tests.synthetic import Clip, SoundTrack, sine, write_clip
from tests.telemetry_files import (
    accelerometer_stream,
    add_telemetry,
    camm_packet,
    gpmf_packet,
    gravity,
    gravity_stream,
)

N_PICTURES = 8
RATE = Fraction(30)
SOUND_S = N_PICTURES / 30
X264 = {"qp": "20", "preset": "ultrafast"}
PART = SphereBounds(left=0.125, top=0.125, right=0.125, bottom=0.25)


def _clip(**changes) -> Clip:
    plain = Clip(
        rate=RATE,
        n_pictures=N_PICTURES,
        options=X264,
        sound=SoundTrack(sine(SOUND_S)),
        paint=lambda k: np.roll(stored.equirect(64, 32), 2 * k, axis=1),
    )
    return dataclasses.replace(plain, **changes)


def _sphere(path: Path) -> None:
    write_spherical(write_clip(path, _clip()), SphericalMetadata(yaw_deg=10.0))


def _index_first(path: Path) -> None:
    write_clip(path, _clip(movflags="faststart"))
    write_spherical(path, SphericalMetadata(bounds=PART))


def _v1_alone(path: Path) -> None:
    _index_first(path)
    data = path.read_bytes()
    path.write_bytes(data.replace(b"sv3d", b"free").replace(b"st3d", b"free"))


def _fragments(path: Path) -> None:
    options = X264 | {"g": "3"}
    movflags = "frag_keyframe+empty_moov+default_base_moof"
    write_clip(path, _clip(movflags=movflags, options=options))


def _reordered(path: Path) -> None:
    # B-pictures need `ctts` and an edit list.
    write_clip(path, _clip(options={"qp": "20", "preset": "veryfast", "bf": "2"}))


def _cubemap(path: Path) -> None:
    write_clip(path, _clip(width_px=96, height_px=64, paint=lambda _: CUBE))
    source_matrix.cubemap_boxes()(path)


CUBE = stored.cubemap(32)


def _apple(path: Path) -> None:
    eyes = source_matrix.eyes(
        stored.equirect(32, 32, source_matrix.HALF), StereoLayout.SIDE_BY_SIDE
    )
    write_clip(path, _clip(paint=lambda _: eyes))
    source_matrix.apple(b"hequ", packing=b"side", hfov_deg=180.0)(path)


def _sound_field(path: Path) -> None:
    channels = np.stack([sine(SOUND_S, frequency_hz=200 + 50 * k) for k in range(4)])
    write_clip(path, _clip(sound=SoundTrack(channels, layout="4.0")))
    write_spatial_audio(path, AMBIX)


def _timecode_and_chapters(path: Path) -> None:
    plain = write_clip(path.with_name(f"plain{path.suffix}"), _clip())
    with av.open(str(plain)) as given, av.open(str(path), "w") as made:
        copies = {s.index: made.add_stream_from_template(s) for s in given.streams}
        copies[0].metadata["timecode"] = "10:11:12:13"
        made.metadata["title"] = "Concert in Graz"
        made.metadata["location"] = "+47.0707+015.4395/"
        made.set_chapters(
            [
                {
                    "id": k,
                    "start": 100 * k,
                    "end": 100 * (k + 1),
                    "time_base": Fraction(1, 1000),
                    "metadata": {"title": f"Part {k}"},
                }
                for k in range(2)
            ]
        )
        for packet in given.demux():
            if packet.size:
                packet.stream = copies[packet.stream.index]
                made.mux(packet)


def _camm(path: Path) -> None:
    plain = write_clip(path.with_name("plain.mp4"), _clip())
    packets = [camm_packet(3, (0.0, -9.81, 0.0))] * 6
    packets += [camm_packet(0, (0.1, 0.0, 0.0))] * 6
    add_telemetry(plain, path, "camm", packets)


def _gpmf(path: Path) -> None:
    plain = write_clip(path.with_name("plain.mp4"), _clip())
    vectors = np.tile(gravity(10.0, 0.0), (4, 1))
    streams = (
        gravity_stream(vectors),
        accelerometer_stream(9.81 * vectors, order=b"XYZ"),
    )
    add_telemetry(plain, path, "gpmd", [gpmf_packet(*streams)] * 2)


def _matroska(path: Path) -> None:
    marked = write_clip(path.with_name("marked.mp4"), _clip())
    write_spherical(marked, SphericalMetadata(bounds=PART, yaw_deg=5.0))
    convert(marked, path, output_options={"c": "copy", "strict": "unofficial"})


def _webm(path: Path) -> None:
    sound = SoundTrack(sine(SOUND_S, sample_rate_hz=48_000), 48_000, "libopus")
    options = {"crf": "30", "cpu-used": "8", "deadline": "realtime", "b": "0"}
    write_clip(path, _clip(codec="libvpx-vp9", options=options, sound=sound))


def _plain(path: Path) -> None:
    write_clip(path, _clip())


def _changing(path: Path) -> None:
    """Write a stream whose pictures and sound are others half-way."""
    later = _clip(width_px=128, height_px=64, paint=lambda _: stored.equirect(128, 64))
    halves = (_clip(sound=SoundTrack(sine(SOUND_S), layout="4.0")), later)
    parts = [write_clip(path, half).read_bytes() for half in halves]
    path.write_bytes(b"".join(parts))


def _prores(path: Path) -> None:
    sound = SoundTrack(sine(SOUND_S), codec="pcm_s16le")
    clip = _clip(codec="prores_ks", pixel_format="yuv422p10le", options={}, sound=sound)
    write_clip(path, clip)


def _hevc(path: Path) -> None:
    options = source_matrix.X265 | {
        "x265-params": "log-level=error:pools=none:frame-threads=1:"
        "colorprim=bt2020:transfer=smpte2084:colormatrix=bt2020nc:max-cll=1000,400"
    }
    sound = SoundTrack(sine(SOUND_S), codec="flac")
    clip = _clip(
        codec="libx265", pixel_format="yuv420p10le", options=options, sound=sound
    )
    write_clip(path, clip)


def _gopro(path: Path) -> None:
    strips = np.split(stored.gopro(256, 84, 2), 2)
    write_tracks(path, *strips, n_pictures=N_PICTURES)


def _lenses(path: Path) -> None:
    lenses = np.split(stored.dual_fisheye(64, 190.0), 2, axis=1)
    write_tracks(path, *lenses, n_pictures=N_PICTURES)


def _second_lens(path: Path) -> None:
    lenses = np.split(stored.dual_fisheye(64, 190.0), 2, axis=1)
    first = path.with_name(FIRST_LENS)
    for name, lens in zip((first, path), lenses, strict=True):
        write_tracks(name, lens, n_pictures=N_PICTURES)


def _second_chapter(path: Path) -> None:
    _plain(path)
    shutil.copy(path, path.with_name("GS010007.mp4"))
    lines = ["ffconcat version 1.0", "file GS010007.mp4", f"file {path.name}"]
    path.with_name(CHAPTERS).write_text("\n".join(lines))


FIRST_LENS, CHAPTERS = "VID_20240101_101010_00_001.insv", "chapters.ffconcat"
# Which file is given to a command, where it is not the damaged one.
GIVEN = {"Insta360's second file": FIRST_LENS, "second chapter": CHAPTERS}
# What a source is called, and its file that is damaged.
SOURCES: dict[str, tuple[str, Callable[[Path], None]]] = {
    "sphere, V2 and V1": ("sphere.mp4", _sphere),
    "index first, part of a sphere": ("part.mp4", _index_first),
    "V1 alone": ("v1.mp4", _v1_alone),
    "fragments": ("fragments.mp4", _fragments),
    "reordered pictures": ("reordered.mp4", _reordered),
    "cubemap": ("cubemap.mp4", _cubemap),
    "sound field": ("field.mp4", _sound_field),
    "timecode and chapters": ("chapters.mp4", _timecode_and_chapters),
    "CAMM": ("camm.mp4", _camm),
    "GPMF": ("gpmf.mp4", _gpmf),
    "Apple's boxes": ("apple.mov", _apple),
    "timecode and chapters, MOV": ("chapters.mov", _timecode_and_chapters),
    "ProRes": ("prores.mov", _prores),
    "GoPro's two tracks": ("strips.360", _gopro),
    "Insta360's two tracks": ("lenses.insv", _lenses),
    "Insta360's second file": (FIRST_LENS.replace("_00_", "_10_"), _second_lens),
    "second chapter": ("GS020007.mp4", _second_chapter),
    "Matroska, part of a sphere": ("part.mkv", _matroska),
    "Matroska, HEVC of 10 bits": ("hevc.mkv", _hevc),
    "Matroska, chapters": ("chapters.mkv", _timecode_and_chapters),
    "WebM": ("sphere.webm", _webm),
    "transport stream": ("sphere.ts", _plain),
    "changing transport stream": ("changing.ts", _changing),
}


def source_paths(folder: Path) -> dict[str, Path]:
    """Return where the file of each source lies: in a folder of its own."""
    return {
        name: folder / str(number) / file_name
        for number, (name, (file_name, _)) in enumerate(SOURCES.items())
    }


def write_sources(folder: Path) -> None:
    """Write every source."""
    for name, path in source_paths(folder).items():
        path.parent.mkdir()
        SOURCES[name][1](path)
