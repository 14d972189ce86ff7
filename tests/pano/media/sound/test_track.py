import struct
import wave
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from pano.errors import MediaError, NoAudioError
from pano.media import Sound, open_media
from pano.media.sound.track import decode_sound
from pano.media.sound.tracks import sounding_s
from tests.synthetic import (
    Clip,
    SoundTrack,
    click_at,
    sine,
    with_broken_packets,
    write_clip,
)

RATE_HZ = 22_050
# An AAC block is 1024 samples; its pre-echo reaches a few milliseconds ahead.
CLICK_TOLERANCE_S = 0.004


def sound_of(path: Path, clip: Clip) -> Sound:
    with open_media(write_clip(path, clip)) as media:
        return media.sound()


def click_s(sound: Sound) -> float:
    return float(np.argmax(np.abs(sound.samples) > 0.3)) / sound.sample_rate_hz


@pytest.mark.parametrize(
    ("name", "codec"),
    [
        ("clip.mp4", "aac"),
        ("clip.mov", "pcm_s16le"),
        ("clip.mkv", "flac"),
        ("clip.ts", "mp2"),
        ("clip.mkv", "libopus"),
    ],
)
@pytest.mark.parametrize("rate_hz", [16_000, 48_000])
def test_a_click_is_heard_when_it_is_made(
    tmp_path: Path, name: str, codec: str, rate_hz: int
) -> None:
    samples = click_at(0.5, 1.0, sample_rate_hz=rate_hz)
    track = SoundTrack(samples, sample_rate_hz=rate_hz, codec=codec)
    sound = sound_of(tmp_path / name, Clip(sound=track))
    assert click_s(sound) == pytest.approx(0.5, abs=CLICK_TOLERANCE_S)


def test_a_sine_keeps_pitch_and_level(tmp_path: Path) -> None:
    track = SoundTrack(sine(1.0), codec="pcm_s16le", layout="stereo")
    sound = sound_of(tmp_path / "clip.mov", Clip(sound=track))
    assert sound.sample_rate_hz == RATE_HZ
    assert len(sound.samples) == RATE_HZ
    spectrum = np.abs(np.fft.rfft(sound.samples))
    assert int(spectrum.argmax()) == 440
    middle = sound.samples[2000:-2000]
    assert np.sqrt(np.mean(middle**2)) == pytest.approx(0.5 / np.sqrt(2), rel=0.02)


@pytest.mark.parametrize("layout", ["mono", "stereo", "4.0", "5.1"])
def test_every_named_channel_layout_becomes_mono(tmp_path: Path, layout: str) -> None:
    track = SoundTrack(sine(0.5), codec="flac", layout=layout)
    sound = sound_of(tmp_path / "clip.mkv", Clip(sound=track))
    assert sound.samples.ndim == 1
    assert 0.2 < np.abs(sound.samples).max() <= 1.0


def test_channels_without_names_are_averaged(tmp_path: Path) -> None:
    # Matroska does not say which channel of PCM is which.
    channels = np.stack([sine(0.5), np.zeros_like(sine(0.5))])
    track = SoundTrack(channels, codec="pcm_s16le", layout="stereo")
    with open_media(write_clip(tmp_path / "clip.mkv", Clip(sound=track))) as media:
        assert media.info.audio is not None
        assert media.info.audio.channel_layout == "2 channels"
        sound = media.sound()
    assert np.abs(sound.samples).max() == pytest.approx(0.25, abs=0.01)


def test_of_ambisonics_only_the_omnidirectional_channel_is_heard(
    tmp_path: Path,
) -> None:
    rate_hz = 48_000
    tone = sine(0.5, sample_rate_hz=rate_hz)
    silence = np.zeros_like(tone)
    track = SoundTrack(
        np.stack([tone, silence, -tone, -tone]),
        sample_rate_hz=rate_hz,
        codec="libopus",
        layout="ambisonic 1",
        options={"mapping_family": "2", "b": "512000"},
    )
    with open_media(write_clip(tmp_path / "clip.mkv", Clip(sound=track))) as media:
        assert media.info.audio is not None
        assert media.info.audio.channel_layout == "ambisonic 1"
        sound = media.sound()
    assert np.abs(sound.samples[4000:8000]).max() == pytest.approx(0.5, abs=0.05)


def test_sound_that_starts_late_is_preceded_by_silence(tmp_path: Path) -> None:
    track = SoundTrack(click_at(0.2, 0.5), start_s=0.5)
    sound = sound_of(tmp_path / "clip.mp4", Clip(sound=track))
    assert click_s(sound) == pytest.approx(0.7, abs=CLICK_TOLERANCE_S)
    assert np.abs(sound.samples[: int(0.4 * RATE_HZ)]).max() == 0.0


def test_sound_before_the_picture_is_cut(tmp_path: Path) -> None:
    track = SoundTrack(click_at(0.7, 1.0))
    clip = Clip(pts=range(15, 45), sound=track)  # the picture begins at 0.5 s
    sound = sound_of(tmp_path / "clip.mkv", clip)
    assert sound.start_s == pytest.approx(0.5)
    assert click_s(sound) == pytest.approx(0.2, abs=CLICK_TOLERANCE_S)


def test_a_hole_in_the_track_is_silence(tmp_path: Path) -> None:
    samples = sine(1.0)
    track = SoundTrack(samples, codec="pcm_s16le", hole_s=(0.3, 0.6))
    sound = sound_of(tmp_path / "clip.mkv", Clip(sound=track))
    assert sound.duration_s == pytest.approx(1.0, abs=0.002)
    hole = sound.samples[int(0.37 * RATE_HZ) : int(0.57 * RATE_HZ)]
    assert np.abs(hole).max() == 0.0
    assert np.abs(sound.samples[int(0.7 * RATE_HZ) :]).max() > 0.4


def test_packets_that_cannot_be_decoded_do_not_move_the_others(tmp_path: Path) -> None:
    whole = write_clip(
        tmp_path / "whole.mp4", Clip(sound=SoundTrack(click_at(0.8, 1.0)))
    )
    path = with_broken_packets(
        whole, tmp_path / "broken.mp4", range(8, 12), kind="audio"
    )
    with open_media(path) as media:
        assert click_s(media.sound()) == pytest.approx(0.8, abs=CLICK_TOLERANCE_S)


def test_a_clip_without_sound_says_so(tmp_path: Path) -> None:
    with (
        open_media(write_clip(tmp_path / "mute.mp4", Clip(n_pictures=2))) as media,
        pytest.raises(NoAudioError, match=r"mute\.mp4 has no sound track"),
    ):
        media.sound()


def test_samples_stay_within_full_scale(tmp_path: Path) -> None:
    square = np.sign(sine(0.5)).astype(np.float32)
    sound = sound_of(tmp_path / "clip.mp4", Clip(sound=SoundTrack(square)))
    assert np.abs(sound.samples).max() == 1.0


def test_fitting_cuts_and_pads() -> None:
    sound = Sound(np.ones(10, np.float32), sample_rate_hz=10, start_s=3.0)
    longer, shorter = sound.fitted(1.5), sound.fitted(0.4)
    assert (len(longer.samples), longer.samples.sum()) == (15, 10.0)
    assert len(shorter.samples) == 4
    assert longer.start_s == 3.0


def test_sound_starts_at_the_first_picture_of_a_transport_stream(
    tmp_path: Path,
) -> None:
    track = SoundTrack(click_at(0.5, 1.0), codec="mp2", start_s=1.5)
    clip = Clip(pts=range(45, 75), sound=track)
    with open_media(write_clip(tmp_path / "clip.ts", clip)) as media:
        assert media.info.start_time == Fraction(3, 2)
        sound = media.sound()
    assert click_s(sound) == pytest.approx(0.5, abs=CLICK_TOLERANCE_S)


def test_a_title_in_another_encoding_is_no_obstacle(tmp_path: Path) -> None:
    path = tmp_path / "old.wav"
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(16_000)
        file.writeframes(np.full(1600, 8000, "<i2").tobytes())
    title = "Café ".encode("latin-1")
    info = b"INFOINAM" + struct.pack("<I", len(title)) + title
    whole = path.read_bytes() + b"LIST" + struct.pack("<I", len(info)) + info
    path.write_bytes(whole[:4] + struct.pack("<I", len(whole) - 8) + whole[8:])
    sound = decode_sound(path, start=Fraction(0), sample_rate_hz=16_000)
    assert sound.samples.max() == pytest.approx(8000 / 2**15, rel=0.01)


@pytest.mark.parametrize("odd", [np.nan, np.inf, -np.inf, 1e30])
def test_what_is_no_number_is_heard_as_silence(tmp_path: Path, odd: float) -> None:
    tone = sine(1.0, sample_rate_hz=48_000)
    tone[20_000:20_050] = odd
    track = SoundTrack(
        np.stack([tone, tone]),
        sample_rate_hz=48_000,
        codec="pcm_f32le",
        layout="stereo",
    )
    with open_media(write_clip(tmp_path / "clip.mov", Clip(sound=track))) as media:
        sound = media.sound(sample_rate_hz=48_000)
    assert np.all(np.isfinite(sound.samples))
    assert np.abs(sound.samples[:19_000]).max() == pytest.approx(0.5, abs=0.01)
    assert np.abs(sound.samples[21_000:]).max() == pytest.approx(0.5, abs=0.01)


def test_times_that_leave_hours_of_nothing_are_refused(tmp_path: Path) -> None:
    track = SoundTrack(sine(0.1), start_s=5 * 3600.0)
    path = write_clip(tmp_path / "late.mkv", Clip(n_pictures=2, sound=track))
    with pytest.raises(MediaError, match=r"late\.mkv has holes of 5 hours by its ti"):
        decode_sound(path, start=Fraction(0), sample_rate_hz=RATE_HZ)


def test_sound_far_before_its_picture_is_refused_with_both_times(
    tmp_path: Path,
) -> None:
    path = write_clip(tmp_path / "early.mkv", Clip(sound=SoundTrack(sine(0.1))))
    with pytest.raises(NoAudioError, match=r"from 0 s, the picture from 90000 s"):
        decode_sound(path, start=Fraction(90_000), sample_rate_hz=RATE_HZ)


def test_listening_ends_where_it_is_told_to(tmp_path: Path) -> None:
    path = write_clip(tmp_path / "long.mov", Clip(sound=SoundTrack(sine(5.0))))
    some = decode_sound(path, start=Fraction(0), sample_rate_hz=RATE_HZ, until_s=1.0)
    every = decode_sound(path, start=Fraction(0), sample_rate_hz=RATE_HZ, until_s=9.0)
    assert 1.0 <= some.duration_s < 1.2
    assert every.duration_s == pytest.approx(5.0, abs=0.05)
    assert (some.is_whole, every.is_whole) == (False, True)


def test_hours_of_sound_behind_a_short_picture_are_not_decoded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pano.media.sound.clip_sound._BEHIND_S", 0.5)
    sound = sound_of(tmp_path / "clip.mov", Clip(sound=SoundTrack(sine(5.0))))
    assert sound.duration_s == pytest.approx(2.5, abs=0.1)
    assert not sound.is_whole


def test_a_track_sounds_as_long_as_its_packets_whatever_their_times(
    tmp_path: Path,
) -> None:
    track = SoundTrack(sine(1.0), hole_s=(0.25, 0.75))
    path = write_clip(tmp_path / "hole.mkv", Clip(sound=track))
    assert sounding_s(path) == pytest.approx(0.5, abs=0.1)
    assert sounding_s(write_clip(tmp_path / "mute.mp4", Clip(n_pictures=1))) == 0.0
