"""Container × codec × layout: what the table says is what FFmpeg writes and reads."""

import re
import subprocess
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from pano.errors import MediaError
from pano.media import MediaWriter, ffmpeg_program
from pano.media.containers.carriers import CARRIERS, Carriage, carriage
from pano.media.writing.target import SUFFIXES
from tests.synthetic import SoundTrack, write_sound_only

RATE_HZ = 48_000
# One tone a channel, low enough for an LFE.
TONES_HZ = 150.0 + 20.0 * np.arange(24)
TONE_TOLERANCE_HZ = 8.0  # a third of a second is heard
BY_PROGRAM = frozenset({"dts", "truehd", "mlp", "vorbis"})
ENCODER = {"opus": "libopus", "mp3": "libmp3lame", "amr_nb": "libopencore_amrnb"}
ENCODER |= {"dts": "dca", "vorbis": "libvorbis", "adpcm_g722": "g722"}
# (codec, layout, container of the source); "n channels" has no name.
SOUNDS = [
    *(("aac", layout, "mp4") for layout in ("mono", "stereo", "5.1", "6.1", "7.1")),
    *(("mp3", "stereo", "mkv"), ("mp2", "stereo", "mkv")),
    *(("ac3", "5.1(side)", "mkv"), ("eac3", "stereo", "mkv"), ("dts", "stereo", "mkv")),
    *(("truehd", "stereo", "mkv"), ("mlp", "stereo", "mkv")),
    *(("opus", layout, "mkv") for layout in ("stereo", "5.1", "6.1", "7.1")),
    *(("flac", layout, "mkv") for layout in ("stereo", "5.1", "2.1", "4.0", "7.1")),
    *(("vorbis", "stereo", "mkv"), ("wavpack", "stereo", "mkv")),
    *(("alac", "stereo", "mov"), ("alac", "5.1", "mov")),
    *(("pcm_s16le", layout, "mov") for layout in ("mono", "stereo", "5.1", "7.1")),
    *(("pcm_s16le", f"{n} channels", "mov") for n in (1, 2, 3, 4, 5, 6, 7, 8, 9, 16)),
    *((f"pcm_{kind}", "stereo", "mov") for kind in ("s16be", "s24le", "s24be")),
    *((f"pcm_{kind}", "stereo", "mov") for kind in ("s32le", "s32be", "f32le")),
    *((f"pcm_{kind}", "stereo", "mov") for kind in ("f32be", "f64le", "f64be")),
    *((f"pcm_{kind}", "stereo", "mov") for kind in ("s8", "mulaw", "alaw")),
    *(("pcm_u8", "stereo", "mkv"), ("adpcm_ima_qt", "stereo", "mov")),
    *(("adpcm_ms", "stereo", "avi"), ("wmav2", "stereo", "wma")),
    *(("amr_nb", "mono", "mov"), ("adpcm_g722", "mono", "avi")),
]
SLOW_HZ = {"amr_nb": 8_000, "adpcm_g722": 16_000}

SourceOf = Callable[[str, str, str], Path]


@pytest.fixture(scope="module")
def source_of(tmp_path_factory: pytest.TempPathFactory) -> SourceOf:
    folder = tmp_path_factory.mktemp("sounds")
    made: dict[tuple[str, str, str], Path] = {}

    def make(codec: str, layout: str, container: str) -> Path:
        sound = codec, layout, container
        if sound not in made:
            path = folder / f"{len(made)}.{container}"
            made[sound] = write_sound(path, codec, layout)
        return made[sound]

    return make


def write_sound(path: Path, codec: str, layout: str) -> Path:
    rate_hz = SLOW_HZ.get(codec, RATE_HZ)
    times_s = np.arange(round(0.3 * rate_hz)) / rate_hz
    tones_hz = TONES_HZ[: av.AudioLayout(layout).nb_channels, None]
    samples = 0.2 * np.sin(2 * np.pi * tones_hz * times_s)
    by_program = codec in BY_PROGRAM
    track = SoundTrack(
        samples.astype(np.float32),
        sample_rate_hz=rate_hz,
        codec="pcm_s16le" if by_program else ENCODER.get(codec, codec),
        layout=layout,
        options={"b": "128000"} if codec == "wmav2" else {},
    )
    if not by_program:
        return write_sound_only(path, track)
    plain = write_sound_only(path.with_suffix(".wav"), track)
    program, encoder = str(ffmpeg_program()), ENCODER.get(codec, codec)
    command = [program, "-v", "error", "-i", str(plain), "-strict", "-2"]
    subprocess.run([*command, "-c:a", encoder, str(path)], check=True)
    return path


def film(source: Path, target: Path) -> MediaWriter:
    writer = MediaWriter(
        target,
        width_px=32,
        height_px=16,
        frame_rate=Fraction(10),
        time_base=Fraction(1, 10),
        sound_from=source,
        preset="ultrafast",
    )
    with writer:
        for pts in range(3):
            writer.write(np.zeros((16, 32, 3), np.uint8), pts)
    return writer


def tones_hz(path: Path) -> tuple[str, np.ndarray]:
    """Decode a file's sound and return its codec and the pitch of each channel."""
    with av.open(str(path)) as container:
        stream = container.streams.audio[0]
        codec = stream.codec_context.codec.canonical_name
        parts = []
        for frame in container.decode(stream):
            # Packed, because PyAV reads behind the last of eight planes.
            packing = av.AudioResampler("flt", frame.layout.name, frame.sample_rate)
            n_channels = frame.layout.nb_channels
            for part in packing.resample(frame):
                parts.append(part.to_ndarray().reshape(-1, n_channels).T)
        samples = np.concatenate(parts, axis=1)
        spectrum = np.abs(np.fft.rfft(samples, 1 << 16))
        return codec, spectrum.argmax(axis=1) * stream.sample_rate / (1 << 16)


def said_of(source: Path, suffix: str) -> Carriage:
    with av.open(str(source)) as container:
        context = container.streams.audio[0].codec_context
        return carriage(
            suffix,
            context.codec.canonical_name,
            context.layout.name,
            context.layout.nb_channels,
        )


@pytest.mark.parametrize("suffix", CARRIERS)
@pytest.mark.parametrize(
    ("codec", "layout", "container"), SOUNDS, ids=[f"{c}-{x}" for c, x, _ in SOUNDS]
)
def test_a_sound_arrives_as_the_table_says_with_all_its_channels(
    tmp_path: Path,
    source_of: SourceOf,
    codec: str,
    layout: str,
    container: str,
    suffix: str,
) -> None:
    source, target = source_of(codec, layout, container), tmp_path / f"film{suffix}"
    plan = said_of(source, suffix)
    if plan.fate == "refused":
        with pytest.raises(MediaError, match=r"end its name in \.mov or \.mkv"):
            film(source, target)
        return
    writer = film(source, target)
    (codec_before, before), (codec_after, after) = tones_hz(source), tones_hz(target)
    assert len(after) == len(before)
    np.testing.assert_allclose(after, before, atol=TONE_TOLERANCE_HZ)
    if plan.fate == "encoded":
        assert codec_after == "aac"
        assert "encoded anew as AAC" in " ".join(writer.notes)
    else:
        # MP4 has one number for layers 2 and 3.
        is_mp2 = (codec_before, suffix) == ("mp2", ".mp4")
        assert codec_after == ("mp3" if is_mp2 else codec_before)
        assert writer.notes == ()


FORMATS = Path(__file__).parents[4] / "docs" / "formats.md"
WORDS = {"copied": "copied", "AAC": "encoded", "refused": "refused"}


def documented() -> list[tuple[str, str, str, str]]:
    """Read the table of the documentation: codec, layout, suffix, fate."""
    section = FORMATS.read_text(encoding="utf-8").split("## Sound in a film")[1]
    lines = section.split("\n## ")[0].splitlines()
    table = [line.strip("|").split("|") for line in lines if line.startswith("|")]
    suffixes = [cell.strip() for cell in table[0][2:]]
    return [
        (codec, layout, suffix, WORDS[cell.strip()])
        for codecs, layouts, *cells in table[2:]
        for codec in re.findall(r"`([^`]+)`", codecs)
        for layout in re.findall(r"`([^`]+)`", layouts)
        for suffix, cell in zip(suffixes, cells, strict=True)
    ]


def test_the_documented_table_is_the_one_that_films_are_planned_by() -> None:
    cells = documented()
    planned = [
        carriage(suffix, codec, layout, av.AudioLayout(layout).nb_channels).fate
        for codec, layout, suffix, _ in cells
    ]
    assert planned == [fate for *_, fate in cells]


def test_the_documentation_names_every_codec_that_can_be_copied() -> None:
    named = {(codec, suffix) for codec, _, suffix, _ in documented()}
    assert named >= {
        (codec, suffix)
        for suffix, carrier in CARRIERS.items()
        for codec in carrier.codecs
    }


def test_every_container_of_films_has_a_row() -> None:
    assert set(CARRIERS) == SUFFIXES


@pytest.mark.parametrize("n_channels", range(1, 9))
def test_channels_without_names_keep_their_number_in_aac(n_channels: int) -> None:
    plan = carriage(".ts", "pcm_s16le", f"{n_channels} channels", n_channels)
    assert plan.fate == "encoded"
    assert av.AudioLayout(plan.layout).nb_channels == n_channels


def test_slow_mp3_is_nothing_for_mp4(tmp_path: Path) -> None:
    slow = SoundTrack(np.zeros(4_000, np.float32), 11_025, codec="libmp3lame")
    source = write_sound_only(tmp_path / "slow.mkv", slow)
    writer = film(source, tmp_path / "film.mp4")
    assert writer.notes == (
        "the sound (mp3, mono) is encoded anew as AAC: .mp4 cannot carry it",
    )


def test_too_many_channels_are_refused_before_anything_is_written(
    tmp_path: Path, source_of: SourceOf
) -> None:
    source = source_of("pcm_s16le", "16 channels", "mov")
    with pytest.raises(
        MediaError,
        match=r"16 channels of sound \(pcm_s16le\), which film\.mp4 cannot carry, and "
        r"AAC holds 8; end its name in \.mov or \.mkv",
    ):
        MediaWriter(
            tmp_path / "film.mp4",
            width_px=32,
            height_px=16,
            frame_rate=Fraction(10),
            time_base=Fraction(1, 10),
            sound_from=source,
        )
    assert list(tmp_path.iterdir()) == []


# A copy, and AAC. The halves overlap, as in a recording that was joined.
@pytest.mark.parametrize("suffix", [".mp4", ".mkv", ".m4v"])
@pytest.mark.parametrize("layouts", [("mono", "stereo"), ("stereo", "mono")])
def test_a_track_that_changes_half_way_and_jumps_back_arrives_to_its_end(
    tmp_path: Path, layouts: tuple[str, str], suffix: str
) -> None:
    halves = []
    for k, layout in enumerate(layouts):
        tone = 0.2 * np.sin(np.arange(round(0.15 * RATE_HZ)) * 0.05)
        track = SoundTrack(
            tone.astype(np.float32), RATE_HZ, "mp2", layout, start_s=0.15 * k
        )
        halves.append(write_sound_only(tmp_path / f"{k}.ts", track).read_bytes())
    source, target = tmp_path / "both.ts", tmp_path / f"film{suffix}"
    source.write_bytes(b"".join(halves))
    film(source, target)
    with av.open(str(target)) as container:
        end_s = max(frame.time for frame in container.decode(audio=0))
    assert end_s > 0.25


@pytest.mark.parametrize("suffix", [".mp4", ".mov", ".mkv"])
def test_a_broken_packet_of_a_transport_stream_costs_no_film(
    tmp_path: Path, suffix: str, caplog: pytest.LogCaptureFixture
) -> None:
    track = SoundTrack(np.zeros(round(0.3 * RATE_HZ), np.float32), RATE_HZ)
    source = write_sound_only(tmp_path / "clip.ts", track)
    whole = source.read_bytes()
    starts = [found.start() for found in re.finditer(b"\xff\xf1", whole)]
    broken = whole[: starts[8]] + bytes(2) + whole[starts[8] + 2 :]  # a syncword
    n_packets = []
    for name, data in (("whole", whole), ("broken", broken)):
        source.write_bytes(data)
        target = tmp_path / f"{name}{suffix}"
        film(source, target)
        with av.open(str(target)) as container:
            n_packets.append(sum(packet.size > 0 for packet in container.demux()))
    assert n_packets[0] - n_packets[1] == 1
    assert "1 corrupt packets of sound were skipped" in caplog.text
