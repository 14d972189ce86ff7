from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import pytest

from pano.errors import MediaError, NotSphericalError
from pano.media import Projection, SphericalMetadata, StereoLayout, probe
from pano.media.metadata import plausible
from tests.synthetic import (
    Clip,
    SoundTrack,
    cut_short,
    sine,
    write_clip,
    write_sound_only,
)


def test_probe_reports_codec_size_clock_and_sound(tmp_path: Path) -> None:
    clip = Clip(sound=SoundTrack(sine(1.0), layout="stereo"))
    info = probe(write_clip(tmp_path / "clip.mp4", clip))

    assert (info.codec, info.pixel_format, info.bit_depth) == ("h264", "yuv420p", 8)
    assert (info.width_px, info.height_px) == (64, 32)
    assert info.average_frame_rate == 30
    assert info.n_frames_from_header == 30
    assert info.duration_from_header_s == pytest.approx(1.0)
    assert info.audio is not None
    assert info.audio.codec == "aac"
    assert (info.audio.sample_rate_hz, info.audio.channels) == (44_100, 2)
    assert info.audio.channel_layout == "stereo"
    assert info.spherical is None


@pytest.mark.parametrize("name", ["late.mkv", "late.mp4", "late.ts"])
def test_a_clip_that_begins_late_is_as_long_as_its_pictures(tmp_path, name) -> None:
    clip = Clip(pts=range(114, 144), rate=Fraction(10))
    info = probe(write_clip(tmp_path / name, clip))
    assert info.start_time == Fraction(114, 10)
    assert info.duration_from_header_s == pytest.approx(3.0, abs=0.11)


@pytest.mark.parametrize(
    ("rate", "name"),
    [
        (Fraction(25), "a.mp4"),
        (Fraction(30000, 1001), "a.mov"),
        (Fraction(50), "a.ts"),
        (Fraction(60), "a.mp4"),
    ],
)
def test_probe_keeps_the_frame_rate_rational(
    tmp_path: Path, rate: Fraction, name: str
) -> None:
    assert probe(write_clip(tmp_path / name, Clip(rate=rate))).average_frame_rate == (
        rate
    )


def test_bit_depth_of_ten_is_seen(tmp_path: Path) -> None:
    clip = Clip(pixel_format="yuv420p10le", n_pictures=2)
    assert probe(write_clip(tmp_path / "clip.mp4", clip)).bit_depth == 10


def test_a_clip_without_sound_has_no_audio_info(tmp_path: Path) -> None:
    assert probe(write_clip(tmp_path / "clip.mp4", Clip(n_pictures=2))).audio is None


@pytest.mark.parametrize("suffix", [".mp4", ".mov", ".mkv"])
def test_the_timecode_of_the_camera_is_read(tmp_path: Path, suffix: str) -> None:
    clip = Clip(n_pictures=2, timecode="10:20:30:12")
    assert probe(write_clip(tmp_path / f"a{suffix}", clip)).timecode == "10:20:30:12"


def test_a_clip_without_a_timecode_has_none(tmp_path: Path) -> None:
    clip = write_clip(tmp_path / "clip.mp4", Clip(n_pictures=2))
    assert probe(clip).timecode is None


def test_two_to_one_is_taken_for_a_mono_sphere(tmp_path: Path) -> None:
    info = probe(write_clip(tmp_path / "clip.mp4", Clip(n_pictures=2)))
    assert info.layout() is StereoLayout.MONO


def test_two_to_one_by_pixel_shape_is_taken_for_a_mono_sphere(tmp_path: Path) -> None:
    clip = Clip(128, 72, n_pictures=2, sample_aspect_ratio=Fraction(9, 8))
    info = probe(write_clip(tmp_path / "clip.mp4", clip))
    assert info.sample_aspect_ratio == Fraction(9, 8)
    assert info.layout() is StereoLayout.MONO


def test_two_to_one_after_rotation_is_taken_for_a_mono_sphere(tmp_path: Path) -> None:
    clip = Clip(32, 64, n_pictures=2, rotation_deg=90)
    info = probe(write_clip(tmp_path / "clip.mp4", clip))
    assert info.rotation_deg == 90
    assert info.layout() is StereoLayout.MONO


def test_a_sphere_on_its_side_is_refused_by_its_upright_size(tmp_path: Path) -> None:
    clip = Clip(64, 32, n_pictures=2, rotation_deg=90)
    with pytest.raises(NotSphericalError, match=r"is 32×64, turned by 90°, and"):
        probe(write_clip(tmp_path / "clip.mp4", clip)).require_layout()


def test_almost_two_to_one_is_within_tolerance_and_wider_is_not(
    tmp_path: Path,
) -> None:
    near = probe(write_clip(tmp_path / "near.mp4", Clip(640, 322, n_pictures=1)))
    far = probe(write_clip(tmp_path / "far.mp4", Clip(640, 334, n_pictures=1)))
    assert near.layout() is StereoLayout.MONO
    assert far.layout() is None


def test_a_flat_video_is_refused_with_the_option_that_would_allow_it(
    tmp_path: Path,
) -> None:
    info = probe(write_clip(tmp_path / "flat.mp4", Clip(96, 54, n_pictures=2)))
    with pytest.raises(NotSphericalError, match=r"flat\.mp4 is 96×54 .*--layout mono"):
        info.require_layout()


def test_metadata_of_a_cubemap_are_refused_by_name(tmp_path: Path) -> None:
    info = probe(write_clip(tmp_path / "cube.mp4", Clip(n_pictures=2)))
    info = replace(info, spherical=SphericalMetadata(Projection.CUBEMAP))
    with pytest.raises(NotSphericalError, match="cubemap; export it as equirect"):
        info.require_layout()


def test_metadata_win_over_the_aspect(tmp_path: Path) -> None:
    info = probe(write_clip(tmp_path / "clip.mp4", Clip(n_pictures=2)))
    spherical = SphericalMetadata(layout=StereoLayout.TOP_BOTTOM)
    assert replace(info, spherical=spherical).layout() is StereoLayout.TOP_BOTTOM


def test_a_sound_that_nothing_can_be_is_not_heard_and_noted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clip = Clip(n_pictures=2, sound=SoundTrack(sine(0.1)))
    path = write_clip(tmp_path / "clip.mp4", clip)
    monkeypatch.setattr(plausible, "_SOUND_RATES_HZ", (96_000, 800_000))
    info = probe(path)
    assert info.audio is None
    assert info.notes[0].startswith("1 of its sound tracks state a rate or a number")


def test_pictures_too_large_are_refused_before_one_is_decoded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write_clip(tmp_path / "clip.mp4", Clip(n_pictures=1))
    monkeypatch.setattr(plausible, "MAX_PICTURE_PX", 64 * 32 - 1)
    monkeypatch.setattr("pano.media.probing.decode_pictures", None)
    with pytest.raises(MediaError, match=r"clip\.mp4 states pictures of 64×32"):
        probe(path)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(MediaError, match=r"gone\.mp4: no such file; check the name"):
        probe(tmp_path / "gone.mp4")


def test_a_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(MediaError, match="is not a file"):
        probe(tmp_path)


def test_an_empty_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "empty.mp4").touch()
    with pytest.raises(MediaError, match=r"empty\.mp4 is empty"):
        probe(tmp_path / "empty.mp4")


@pytest.mark.parametrize("name", ["notes.mp4", "notes.txt", "notes"])
def test_text_is_not_a_video_whatever_it_is_called(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text("these are notes, not a video\n" * 50)
    with pytest.raises(MediaError, match="is not a video FFmpeg can read; give an mp4"):
        probe(tmp_path / name)


def test_sound_alone_is_refused(tmp_path: Path) -> None:
    path = write_sound_only(tmp_path / "song.m4a", SoundTrack(sine(0.5)))
    with pytest.raises(MediaError, match=r"song\.m4a has no video stream"):
        probe(path)


def test_an_mp4_cut_before_its_index_is_called_cut_short(tmp_path: Path) -> None:
    whole = write_clip(tmp_path / "whole.mp4", Clip())
    path = cut_short(whole, tmp_path / "half.mp4")
    with pytest.raises(MediaError, match=r"half\.mp4 is damaged or cut short"):
        probe(path)


def test_a_file_without_one_decodable_picture_is_refused(tmp_path: Path) -> None:
    whole = write_clip(tmp_path / "whole.mp4", Clip(movflags="faststart"))
    data = whole.read_bytes()
    at = data.index(b"mdat") + 4
    path = tmp_path / "rubbish.mp4"
    path.write_bytes(data[:at] + b"\xff" * (len(data) - at))
    with pytest.raises(MediaError, match=r"rubbish\.mp4 holds no picture"):
        probe(path)


def test_names_that_look_like_protocols_are_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write_clip(tmp_path / "a.mp4", Clip(n_pictures=2))
    path.rename(tmp_path / "take2:#1 %20?.mp4")
    monkeypatch.chdir(tmp_path)
    assert probe(Path("take2:#1 %20?.mp4")).codec == "h264"


def test_a_codec_that_nobody_knows_is_refused_in_a_sentence(tmp_path: Path) -> None:
    path = write_clip(tmp_path / "clip.mp4", Clip(n_pictures=1))
    path.write_bytes(path.read_bytes().replace(b"avc1", b"zzzz"))
    with pytest.raises(MediaError, match=r"clip\.mp4 holds video in a codec that FFm"):
        probe(path)
