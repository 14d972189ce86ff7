from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from av.audio.stream import AudioStream
from av.container import OutputContainer
from av.video.stream import VideoStream
from numpy.typing import NDArray

from pano.ambisonics.formats import AMBIX, AmbisonicFormat
from pano.ambisonics.harmonics import encode
from pano.camera.pose import CameraPose
from pano.errors import SettingsError
from pano.media import Hearing, open_media
from pano.media.metadata.spatial_audio import (
    read_spatial_audio,
    write_spatial_audio,
)
from pano.media.metadata.spherical import SphericalMetadata
from pano.media.sound.channels import decode_channels
from pano.media.sound.choice import SoundChoice, SoundField
from pano.media.sound.hearing import choose_hearing
from pano.media.sound.route import SoundRoute
from pano.media.writing.encode import MediaWriter
from pano.sphere import Direction
from tests.pano.ambisonics.fields import RATE_HZ, bursts
from tests.synthetic import SoundTrack, sine, write_sound_only

FloatArray = NDArray[np.float32]

DURATION_S = 1.0
AT = Direction(-100.0, 20.0)
FORMATS: dict[SoundField, AmbisonicFormat] = {
    "ambix": AMBIX,
    "fuma": AmbisonicFormat(ordering="FuMa", normalization="FuMa"),
    "n3d": AmbisonicFormat(normalization="N3D"),
}
PAIR = AmbisonicFormat(has_head_locked_pair=True)


@dataclass(frozen=True)
class Track:
    samples: FloatArray
    layout: str
    codec: str = "pcm_s16le"


def write_tracks(path: Path, *tracks: Track, n_pictures: int = 30) -> Path:
    """Write a grey clip with several sound tracks, of as many channels as you like."""
    with av.open(str(path), "w") as container:
        video = container.add_stream("libx264", rate=30)
        assert isinstance(video, VideoStream)
        video.width, video.height, video.pix_fmt = 64, 32, "yuv420p"
        streams = [_add_track(container, track) for track in tracks]
        for k in range(n_pictures):
            grey = np.full((32, 64, 3), 90, np.uint8)
            picture = av.VideoFrame.from_ndarray(grey, format="rgb24")
            picture.pts, picture.time_base = k, Fraction(1, 30)
            container.mux(video.encode(picture))
        container.mux(video.encode(None))
        for stream, track in zip(streams, tracks, strict=True):
            _write_track(container, stream, track)
    return path


def write_recording(path: Path, track: Track) -> Path:
    """Write a sound without a picture."""
    with av.open(str(path), "w") as container:
        _write_track(container, _add_track(container, track), track)
    return path


def _add_track(container: OutputContainer, track: Track) -> AudioStream:
    stream = container.add_stream(track.codec, rate=RATE_HZ)
    assert isinstance(stream, AudioStream)
    stream.layout = track.layout
    return stream


def _write_track(container: OutputContainer, stream: AudioStream, track: Track) -> None:
    fits = av.AudioResampler(stream.format.name, track.layout, RATE_HZ)
    # Packed, because PyAV's planes end at eight.
    packed = np.ascontiguousarray(track.samples.T)
    for at in range(0, len(packed), 1024):
        block = packed[at : at + 1024].reshape(1, -1)
        frame = av.AudioFrame.from_ndarray(block, "flt", track.layout)
        frame.sample_rate, frame.time_base = RATE_HZ, Fraction(1, RATE_HZ)
        frame.pts = at
        for part in fits.resample(frame):
            container.mux(stream.encode(part))
    container.mux(stream.encode(None))


def film(
    source: Path,
    target: Path,
    hearing: Hearing | None,
    *,
    turns_at_s: float = np.inf,
    is_sphere: bool = False,
) -> Path:
    """Film a clip with a camera that looks ahead, and from a time on behind."""
    with open_media(source) as media:
        writer = MediaWriter(
            target,
            width_px=64,
            height_px=32,
            frame_rate=Fraction(30),
            time_base=media.info.time_base,
            sound_from=source,
            route=SoundRoute(
                hearing,
                axes_at=lambda time_s: CameraPose(
                    0.0 if time_s < turns_at_s else 180.0, 0.0
                ).axes(),
                is_sphere=is_sphere,
            ),
            spherical=SphericalMetadata() if is_sphere else None,
            preset="ultrafast",
        )
        with writer:
            for frame in media.frames():
                writer.write(frame.image, frame.pts)
    return target


def voice(seed: int = 0) -> FloatArray:
    return bursts(np.random.default_rng(seed), DURATION_S)


def tone(hz: float, duration_s: float = DURATION_S) -> FloatArray:
    time_s = np.arange(round(duration_s * RATE_HZ)) / RATE_HZ
    return (0.2 * np.sin(2.0 * np.pi * hz * time_s)).astype(np.float32)


def field(order: int = 1, *, pair: FloatArray | None = None) -> FloatArray:
    lone = encode(voice(), AT, order)
    return lone if pair is None else np.concatenate([lone, pair])


def loudspeakers(n_channels: int) -> FloatArray:
    """Noise that goes round, always between two neighbours of a ring, (c, n)."""
    rng = np.random.default_rng(1)
    n_each = round(DURATION_S * RATE_HZ / n_channels)
    ring = np.zeros((n_channels, n_channels * n_each), np.float32)
    for k in range(n_channels):
        part = slice(k * n_each, (k + 1) * n_each)
        ring[k, part] = 0.1 * rng.standard_normal(n_each)
        ring[(k + 1) % n_channels, part] += 0.5 * ring[k, part]
    return ring


def stored_as(format_: AmbisonicFormat, ambix: FloatArray) -> FloatArray:
    return (np.linalg.inv(format_.matrix()) @ ambix).astype(np.float32)


def heard(
    path: Path, *, said: SoundField = "auto", track: int | None = None
) -> Hearing:
    hearing = choose_hearing(path, field=said, track=track)
    assert hearing is not None
    return hearing


def decoded_field(path: Path, choice: SoundChoice) -> FloatArray:
    """Return the ambiX field that an analysis gets, ((order + 1)², n)."""
    pieces: list[FloatArray] = []
    with open_media(path, sound=choice) as media:
        media.sound(sample_rate_hz=RATE_HZ, on_field=pieces.append)
    return np.concatenate(pieces, axis=1)


def levels(path: Path, hz: float, *, from_s: float, to_s: float) -> FloatArray:
    """Return how loud a tone is in each channel of a stretch of a file."""
    blocks = decode_channels(path, sample_rate_hz=RATE_HZ)
    samples = np.concatenate([block.samples for block in blocks], axis=1)
    part = samples[:, round(from_s * RATE_HZ) : round(to_s * RATE_HZ)]
    wave = np.exp(-2j * np.pi * hz * np.arange(part.shape[1]) / RATE_HZ)
    return np.asarray(2.0 * np.abs(part @ wave) / part.shape[1], dtype=np.float32)


@pytest.fixture
def gopro(tmp_path: Path) -> Path:
    """Stereo in AAC, and beside it four channels of the microphones in PCM."""
    stereo = Track(np.stack([tone(300.0), tone(500.0)]), "stereo", "aac")
    return write_tracks(tmp_path / "gopro.mov", stereo, Track(field(), "4.0"))


def test_of_two_tracks_the_one_with_a_field_is_heard(gopro: Path) -> None:
    hearing = heard(gopro)
    assert (hearing.track.index, hearing.track.codec) == (1, "pcm_s16le")
    assert (hearing.format, hearing.note) == (AMBIX, None)


def test_the_field_of_the_second_track_reaches_analysis_and_film(
    gopro: Path, tmp_path: Path
) -> None:
    found = decoded_field(gopro, SoundChoice())
    np.testing.assert_allclose(found[:, : len(voice())], field(), atol=1e-3)
    target = film(gopro, tmp_path / "film.mp4", heard(gopro))
    samples = np.concatenate([b.samples for b in decode_channels(target)], axis=1)
    left, right = samples.std(axis=1)
    assert left > 2.0 * right


def test_a_field_may_be_turned_without_a_recorder(gopro: Path) -> None:
    found = decoded_field(gopro, SoundChoice(yaw_deg=100.0))
    ahead = encode(voice(), Direction(0.0, AT.pitch_deg))
    np.testing.assert_allclose(found[:, : len(voice())], ahead, atol=1e-3)
    with (
        open_media(gopro, sound=SoundChoice(track=0, yaw_deg=100.0)) as media,
        pytest.raises(SettingsError, match="--sound-yaw turns a sound field"),
    ):
        media.sound()


@pytest.mark.parametrize(("track", "format_"), [(0, None), (1, AMBIX)])
def test_a_track_may_be_chosen(
    gopro: Path, track: int, format_: AmbisonicFormat | None
) -> None:
    hearing = heard(gopro, track=track)
    assert (hearing.track.index, hearing.format) == (track, format_)


@pytest.mark.parametrize("track", [2, -1])
def test_a_track_that_is_not_there_is_refused_with_those_that_are(
    gopro: Path, track: int
) -> None:
    words = rf"gopro\.mov has no sound track {track}; it has 0, 1$"
    with pytest.raises(SettingsError, match=words):
        choose_hearing(gopro, track=track)


def test_what_is_said_of_a_field_is_said_of_the_track_that_may_be_one(
    gopro: Path,
) -> None:
    hearing = heard(gopro, said="fuma")
    assert (hearing.track.index, hearing.format) == (1, FORMATS["fuma"])
    with pytest.raises(SettingsError, match="has 2 channels of sound"):
        choose_hearing(gopro, field="fuma", track=0)


def test_where_no_track_is_a_field_the_one_that_players_choose_is_heard(
    tmp_path: Path,
) -> None:
    stereo = Track(loudspeakers(2), "stereo", "aac")
    path = write_tracks(tmp_path / "clip.mov", stereo, Track(loudspeakers(4), "quad"))
    with av.open(str(path)) as container:
        best = container.streams.best("audio")
        index = container.streams.audio.index(best)
    assert (heard(path).track.index, heard(path).format) == (index, None)


def test_a_tagged_track_is_preferred_to_one_that_may_be_a_field(
    tmp_path: Path,
) -> None:
    fuma = stored_as(FORMATS["fuma"], field())
    path = write_tracks(
        tmp_path / "clip.mov", Track(fuma, "4.0"), Track(field(), "4.0")
    )
    assert heard(path).format == FORMATS["fuma"]
    write_spatial_audio(path, AMBIX, track=1)
    assert (heard(path).track.index, heard(path).format) == (1, AMBIX)


def test_every_track_that_may_be_a_field_is_tried(tmp_path: Path) -> None:
    path = write_tracks(
        tmp_path / "clip.mov",
        Track(loudspeakers(2), "stereo", "aac"),
        Track(loudspeakers(4), "quad"),
        Track(field(), "4.0"),
    )
    assert (heard(path).track.index, heard(path).format) == (2, AMBIX)


@pytest.mark.parametrize("said", ["mono", "stereo"])
def test_channels_are_no_field_where_the_user_forbids_it(
    tmp_path: Path, said: SoundField
) -> None:
    path = write_tracks(tmp_path / "clip.mov", Track(field(), "4.0"))
    hearing = heard(path, said=said)
    assert (hearing.format, hearing.reason) == (None, "as you say")
    assert hearing.mono == {"mono": "first", "stereo": "book"}[said]
    assert hearing.note is None
    write_spatial_audio(path, AMBIX)
    assert (heard(path, said=said).format, heard(path, said=said).mono) == (
        None,
        "first",
    )


@pytest.mark.parametrize("said", list(FORMATS))
def test_a_format_that_is_said_is_not_doubted(tmp_path: Path, said: SoundField) -> None:
    format_ = FORMATS[said]
    path = write_tracks(tmp_path / "clip.mov", Track(loudspeakers(4), "4.0"))
    write_spatial_audio(path, AMBIX)
    hearing = heard(path, said=said)
    assert (hearing.format, hearing.reason) == (format_, "as you say")
    assert hearing.note is None


@pytest.mark.parametrize("said", list(FORMATS))
def test_two_channels_are_no_field_whatever_is_said(
    tmp_path: Path, said: SoundField
) -> None:
    path = write_tracks(tmp_path / "clip.mov", Track(loudspeakers(2), "stereo"))
    with pytest.raises(SettingsError, match=f"2 channels .*--sound-field {said} needs"):
        choose_hearing(path, field=said)


@pytest.mark.parametrize("n_channels", [1, 2, 3, 5])
def test_other_numbers_of_channels_are_heard_without_a_word(
    tmp_path: Path, n_channels: int
) -> None:
    layout = {1: "mono", 2: "stereo", 3: "3.0", 5: "5.0"}[n_channels]
    path = write_tracks(tmp_path / "clip.mov", Track(loudspeakers(n_channels), layout))
    hearing = heard(path)
    assert (hearing.format, hearing.mono, hearing.note) == (None, "book", None)


@pytest.mark.parametrize("layout", ["5.1", "5.1(side)"])
def test_surround_is_no_field_with_a_pair(tmp_path: Path, layout: str) -> None:
    pair = np.stack([tone(300.0), tone(500.0)])
    path = write_tracks(tmp_path / "clip.mov", Track(field(pair=pair), layout))
    hearing = heard(path)
    assert (hearing.format, hearing.mono, hearing.note) == (None, "book", None)


def test_six_channels_without_names_are_a_field_with_a_pair_if_they_obey(
    tmp_path: Path,
) -> None:
    pair = np.stack([tone(300.0), tone(500.0)])
    obeying = Track(field(pair=pair), "6 channels")
    path = write_tracks(tmp_path / "field.mov", obeying)
    assert (heard(path).format, heard(path).note) == (PAIR, None)
    speakers = Track(loudspeakers(6), "6 channels")
    assert heard(write_tracks(tmp_path / "speakers.mov", speakers)).format is None


@pytest.mark.parametrize("order", [2, 3])
@pytest.mark.parametrize("suffix", [".mov", ".wav"])
def test_higher_orders_are_recognized_and_may_be_said(
    tmp_path: Path, order: int, suffix: str
) -> None:
    whole = field(order)
    track = Track(whole, f"{len(whole)} channels")
    write = write_recording if suffix == ".wav" else write_tracks
    path = write(tmp_path / f"clip{suffix}", track)
    assert (heard(path).format, heard(path).note) == (replace(AMBIX, order=order), None)
    for said, format_ in FORMATS.items():
        assert heard(path, said=said).format == replace(format_, order=order)


@pytest.mark.parametrize("order", [2, 3])
def test_higher_orders_may_be_tagged_and_reach_analysis_and_film(
    tmp_path: Path, order: int
) -> None:
    whole, format_ = field(order), replace(AMBIX, order=order)
    path = write_tracks(tmp_path / "clip.mov", Track(whole, f"{len(whole)} channels"))
    write_spatial_audio(path, format_)
    assert (heard(path).format, heard(path).reason) == (
        format_,
        "the file says so (SA3D)",
    )
    found = decoded_field(path, SoundChoice())
    np.testing.assert_allclose(found[:, : whole.shape[1]], whole, atol=1e-3)
    target = film(path, tmp_path / "film.mp4", heard(path))
    samples = np.concatenate([b.samples for b in decode_channels(target)], axis=1)
    assert len(samples) == 2
    assert samples[0].std() > 2.0 * samples[1].std()
    sphere = film(path, tmp_path / "sphere.mov", heard(path), is_sphere=True)
    assert read_spatial_audio(sphere) == [format_]


@pytest.mark.parametrize("order", [2, 3])
def test_a_sphere_in_mp4_keeps_a_field_of_higher_order(
    tmp_path: Path, order: int
) -> None:
    whole = field(order)
    path = write_tracks(tmp_path / "clip.mov", Track(whole, f"{len(whole)} channels"))
    sphere = film(path, tmp_path / "sphere.mp4", heard(path), is_sphere=True)
    assert heard(sphere).format is not None


def test_a_head_locked_pair_is_mixed_in_and_does_not_turn(tmp_path: Path) -> None:
    duration_s = 2.0
    pair = np.stack([tone(1_000.0, duration_s), tone(3_000.0, duration_s)])
    at_the_right = encode(tone(500.0, duration_s), Direction(90.0, 0.0))
    path = write_tracks(
        tmp_path / "clip.mov",
        Track(np.concatenate([at_the_right, pair]), "6 channels"),
        n_pictures=60,
    )
    write_spatial_audio(path, PAIR)
    assert heard(path).format == PAIR
    target = film(path, tmp_path / "film.mp4", heard(path), turns_at_s=1.0)
    for from_s, to_s, turned in ((0.2, 0.8, False), (1.2, 1.8, True)):
        for hz, expected in ((1_000.0, [0.2, 0.0]), (3_000.0, [0.0, 0.2])):
            found = levels(target, hz, from_s=from_s, to_s=to_s)
            np.testing.assert_allclose(found, expected, atol=0.01)
        left, right = levels(target, 500.0, from_s=from_s, to_s=to_s)
        assert left > 2.0 * right if turned else right > 2.0 * left


def test_a_tag_of_another_number_of_channels_is_ignored(tmp_path: Path) -> None:
    # In AAC: of PCM, FFmpeg believes the box itself.
    fuma = FORMATS["fuma"]
    track = Track(stored_as(fuma, field()), "4.0", "aac")
    path = write_tracks(tmp_path / "clip.mov", track)
    write_spatial_audio(path, AmbisonicFormat(order=2))
    assert read_spatial_audio(path) == [AmbisonicFormat(order=2)]
    hearing = heard(path)
    assert (hearing.track.tagged, hearing.track.tag) == (None, "")
    assert hearing.format == fuma
    assert "obey the law" in hearing.reason


def doubtful() -> Sequence[FloatArray]:
    silent = np.zeros((4, round(DURATION_S * RATE_HZ)), np.float32)
    capsules = np.stack([voice()] * 4)
    at_the_right = encode(voice(), Direction(90.0, 0.0))
    return silent, capsules, at_the_right


@pytest.mark.parametrize("samples", doubtful(), ids=["silent", "capsules", "lone"])
def test_a_note_says_what_was_decided_in_doubt(
    tmp_path: Path, samples: FloatArray
) -> None:
    path = write_tracks(tmp_path / "clip.mov", Track(samples, "4.0"))
    hearing = heard(path)
    assert (hearing.format, hearing.mono) == (None, "first")
    assert hearing.note is not None
    assert "4 channels and no tag" in hearing.note
    assert hearing.reason in hearing.note


def test_other_channels_half_way_do_not_change_what_a_track_is(tmp_path: Path) -> None:
    layouts = {"first": "4.0", "second": "mono"}
    first, second = (
        write_sound_only(tmp_path / f"{name}.ts", SoundTrack(sine(0.2), layout=layout))
        for name, layout in layouts.items()
    )
    both = tmp_path / "both.ts"
    both.write_bytes(first.read_bytes() + second.read_bytes())
    hearing = heard(both)
    assert hearing.track.channels == 4
    assert (hearing.format, hearing.reason) == (None, heard(first).reason)


def test_loudspeakers_in_four_channels_are_not_in_doubt(tmp_path: Path) -> None:
    path = write_tracks(tmp_path / "clip.mov", Track(loudspeakers(4), "quad"))
    hearing = heard(path)
    assert (hearing.format, hearing.mono, hearing.note) == (None, "mean", None)


def test_a_file_without_sound_is_not_heard(tmp_path: Path) -> None:
    assert choose_hearing(write_tracks(tmp_path / "mute.mov")) is None
