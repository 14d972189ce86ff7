import errno
import re
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from pano.errors import MediaError, SettingsError
from pano.media import (
    MediaWriter,
    SphericalMetadata,
    check_target,
    open_media,
    probe,
)
from tests.synthetic import (
    Clip,
    SoundTrack,
    click_at,
    grey_level,
    picture_index,
    sine,
    write_clip,
)

RATE = Fraction(30)


def grey(k: int, *, width: int = 64, height: int = 32) -> np.ndarray:
    return np.full((height, width, 3), grey_level(k), np.uint8)


def writer(target: Path, **settings) -> MediaWriter:
    defaults = {
        "width_px": 64,
        "height_px": 32,
        "frame_rate": RATE,
        "time_base": 1 / RATE,
        "preset": "ultrafast",
    }
    return MediaWriter(target, **{**defaults, **settings})


def write(target: Path, pts: Sequence[int] = range(30), **settings) -> Path:
    with writer(target, **settings) as out:
        for k, at in enumerate(pts):
            out.write(grey(k), at)
    return target


def write_all(out: MediaWriter, images: np.ndarray, pts: Sequence[int]) -> None:
    with out:
        for image, at in zip(images, pts, strict=True):
            out.write(image, at)


def copy_through(source: Path, target: Path, **settings) -> Path:
    """Write every frame of a source, with its sound, as the render pass does."""
    with open_media(source) as media:
        settings = {
            "frame_rate": media.info.average_frame_rate,
            "time_base": media.info.time_base,
            "sound_from": source,
            **settings,
        }
        with writer(target, **settings) as out:
            for frame in media.frames():
                out.write(frame.image, frame.pts)
    return target


def sound_packets(path: Path) -> list[bytes]:
    with av.open(str(path)) as container:
        return [bytes(p) for p in container.demux(audio=0) if p.size]


def durations_s(path: Path) -> tuple[float, float]:
    with av.open(str(path)) as container:
        video, audio = container.streams.video[0], container.streams.audio[0]
        return (
            float(video.duration * video.time_base),
            float(audio.duration * audio.time_base),
        )


@pytest.mark.parametrize("name", ["out.mp4", "out.mov", "out.mkv", "out.ts"])
def test_what_is_written_can_be_read(tmp_path: Path, name: str) -> None:
    with open_media(write(tmp_path / name)) as media:
        frames = list(media.frames())
    assert [picture_index(frame.image) for frame in frames] == list(range(30))


def test_variable_times_are_kept(tmp_path: Path) -> None:
    pts = [0, 10, 50, 51, 90]
    path = write(tmp_path / "out.mp4", pts, frame_rate=None, time_base=Fraction(1, 100))
    with open_media(path) as media:
        times = [frame.time for frame in media.frames()]
    assert times == [Fraction(at, 100) for at in pts]


@pytest.mark.parametrize("preset", ["ultrafast", "medium"])
def test_the_last_picture_is_shown_as_long_as_the_others(
    tmp_path: Path, preset: str
) -> None:
    # medium reorders pictures, ultrafast does not
    info = probe(write(tmp_path / "out.mp4", preset=preset))
    assert info.duration_from_header_s == pytest.approx(1.0, abs=1e-6)


def test_the_last_picture_of_a_variable_rate_lasts_like_the_one_before(
    tmp_path: Path,
) -> None:
    pts = [0, 10, 50, 51, 90]
    path = write(tmp_path / "out.mp4", pts, frame_rate=None, time_base=Fraction(1, 100))
    assert probe(path).duration_from_header_s == pytest.approx(0.90 + 0.39)


def test_29_97_fps_comes_out_as_it_went_in(tmp_path: Path) -> None:
    clip = Clip(rate=Fraction(30000, 1001), sound=SoundTrack(sine(1.0)))
    source = write_clip(tmp_path / "source.mp4", clip)
    target = copy_through(source, tmp_path / "out.mp4")
    with open_media(target) as media:
        times = [frame.time for frame in media.frames()]
    assert times == [k * Fraction(1001, 30000) for k in range(30)]
    assert probe(target).average_frame_rate == Fraction(30000, 1001)


def test_colours_survive_the_way_there_and_back(tmp_path: Path) -> None:
    colour = np.array([200, 80, 40], np.uint8)
    with writer(tmp_path / "out.mp4", quality=4) as out:
        out.write(np.broadcast_to(colour, (32, 64, 3)), 0)
    with open_media(tmp_path / "out.mp4") as media:
        image = next(media.frames()).image
    difference = np.abs(image.astype(int) - colour)
    assert difference.max() <= 4  # 8-bit limited range and mild compression


@pytest.mark.parametrize(
    ("source_name", "codec", "target_name"),
    [
        ("source.mp4", "aac", "out.mp4"),
        ("source.mkv", "aac", "out.mp4"),
        ("source.mkv", "libopus", "out.mp4"),
        ("source.mov", "pcm_s16le", "out.mp4"),
        ("source.mkv", "flac", "out.mkv"),
        ("source.mp4", "libmp3lame", "out.mov"),
    ],
)
def test_sound_packets_are_copied_bit_by_bit(
    tmp_path: Path, source_name: str, codec: str, target_name: str
) -> None:
    rate_hz = 48_000
    track = SoundTrack(
        sine(0.98, sample_rate_hz=rate_hz), sample_rate_hz=rate_hz, codec=codec
    )
    source = write_clip(tmp_path / source_name, Clip(sound=track))
    target = copy_through(source, tmp_path / target_name)
    before, after = sound_packets(source), sound_packets(target)
    assert len(before) > 5
    assert b"".join(after) == b"".join(before)


def click_of(path: Path) -> float:
    with open_media(path) as media:
        sound = media.sound()
    return float(np.argmax(np.abs(sound.samples) > 0.3)) / sound.sample_rate_hz


@pytest.mark.parametrize("name", ["out.mp4", "out.mkv"])
@pytest.mark.parametrize(
    ("first_picture", "sound_start_s"), [(0, 0.0), (0, 0.4), (12, 0.0), (45, 1.48)]
)
def test_sound_keeps_its_place_against_the_picture(
    tmp_path: Path, name: str, first_picture: int, sound_start_s: float
) -> None:
    track = SoundTrack(click_at(0.5, 1.0), start_s=sound_start_s)
    clip = Clip(pts=range(first_picture, first_picture + 45), sound=track)
    source = write_clip(tmp_path / "source.mkv", clip)
    target = copy_through(source, tmp_path / name)
    assert click_of(target) == pytest.approx(click_of(source), abs=0.002)


def test_sound_well_before_the_picture_is_not_lost(tmp_path: Path) -> None:
    clip = Clip(pts=range(12, 30), sound=SoundTrack(sine(1.0)))
    source = write_clip(tmp_path / "source.mkv", clip)
    target = copy_through(source, tmp_path / "out.mp4")
    assert float(probe(target).start_time) == pytest.approx(0.4, abs=0.001)


def test_nobody_waits_an_hour_for_the_picture(tmp_path: Path) -> None:
    late = 30 * 3600
    clip = Clip(pts=range(late, late + 6), sound=SoundTrack(sine(1.0)))
    source = write_clip(tmp_path / "source.mkv", clip)
    target = copy_through(source, tmp_path / "out.mp4")
    assert probe(target).start_time == 0


@pytest.mark.parametrize("sound_s", [0.5, 3.0])
def test_sound_is_cut_where_the_picture_ends_and_not_before(
    tmp_path: Path, sound_s: float
) -> None:
    source = write_clip(tmp_path / "source.mp4", Clip(sound=SoundTrack(sine(sound_s))))
    picture_s, sound_out_s = durations_s(copy_through(source, tmp_path / "out.mp4"))
    assert picture_s == pytest.approx(1.0, abs=1e-6)
    packet_s = 1024 / 44_100
    assert sound_out_s == pytest.approx(min(1.0, sound_s), abs=1.1 * packet_s)


def test_sound_of_a_transport_stream_fits_into_mp4(tmp_path: Path) -> None:
    track = SoundTrack(click_at(0.5, 1.0), start_s=1.5)
    clip = Clip(pts=range(45, 75), sound=track)
    source = write_clip(tmp_path / "source.ts", clip)
    target = copy_through(source, tmp_path / "out.mp4")
    info = probe(target)
    assert info.start_time == 0
    assert info.audio is not None
    assert info.audio.codec == "aac"
    assert click_of(target) == pytest.approx(0.5, abs=0.005)


def test_sound_the_container_cannot_carry_becomes_aac_in_its_place(
    tmp_path: Path,
) -> None:
    track = SoundTrack(click_at(0.5, 1.0), codec="wavpack")
    source = write_clip(tmp_path / "source.mkv", Clip(sound=track))
    target = copy_through(source, tmp_path / "out.mp4")
    info = probe(target)
    assert info.audio is not None
    assert info.audio.codec == "aac"
    assert click_of(target) == pytest.approx(click_of(source), abs=0.01)


def test_sound_and_picture_lie_side_by_side_in_the_file(tmp_path: Path) -> None:
    # FFmpeg's own queue puts up to 10 s in order; this is longer.
    # Players stream files, and queues in memory stay short only if this holds.
    clip = Clip(n_pictures=450, sound=SoundTrack(sine(15.0)))
    source = write_clip(tmp_path / "source.mp4", clip)
    target = copy_through(source, tmp_path / "out.mp4", preset="medium")
    with av.open(str(target)) as container:
        packets = sorted(
            (packet.pos, float(packet.dts * packet.time_base), packet.stream.type)
            for packet in container.demux()
            if packet.size
        )
    times_s = [time_s for _, time_s, _ in packets]
    assert np.abs(np.diff(times_s)).max() < 1.0
    assert {kind for _, _, kind in packets[:60]} == {"video", "audio"}


def test_a_source_without_sound_gives_a_video_without_sound(tmp_path: Path) -> None:
    source = write_clip(tmp_path / "source.mp4", Clip(n_pictures=5))
    target = copy_through(source, tmp_path / "out.mp4")
    assert probe(target).audio is None


def test_the_name_appears_only_when_the_video_is_whole(tmp_path: Path) -> None:
    target = tmp_path / "out.mp4"
    with writer(target) as out:
        for k in range(20):
            out.write(grey(k), k)
        assert not target.exists()
        assert [path.name for path in tmp_path.iterdir()] == ["out.part.mp4"]
    assert [path.name for path in tmp_path.iterdir()] == ["out.mp4"]


@pytest.mark.parametrize("failure", [RuntimeError, KeyboardInterrupt])
def test_a_failure_leaves_nothing_behind(
    tmp_path: Path, failure: type[BaseException]
) -> None:
    with pytest.raises(failure), writer(tmp_path / "out.mp4") as out:  # noqa: PT012  # the failure is in the block
        out.write(grey(0), 0)
        raise failure
    assert list(tmp_path.iterdir()) == []


def test_a_failure_leaves_the_old_video(tmp_path: Path) -> None:
    target = write(tmp_path / "out.mp4")
    before = target.read_bytes()
    with (  # noqa: PT012  # the failure is in the block
        pytest.raises(RuntimeError),
        writer(target, overwrite=True) as out,
    ):
        out.write(grey(0), 0)
        raise RuntimeError
    assert target.read_bytes() == before


def test_an_existing_target_is_kept_unless_told_otherwise(tmp_path: Path) -> None:
    target = write(tmp_path / "out.mp4", range(2))
    with pytest.raises(MediaError, match=r"out\.mp4 exists; .* --force"):
        writer(target)
    write(target, range(7), overwrite=True)
    assert probe(target).n_frames_from_header == 7


def test_the_source_is_never_overwritten(tmp_path: Path) -> None:
    source = write(tmp_path / "source.mp4", range(2))
    with pytest.raises(MediaError, match=r"source\.mp4 is the source itself"):
        writer(source, sound_from=source, overwrite=True)


@pytest.mark.parametrize("denominator", [7, 917_425, 1_000_000_000])
def test_any_time_base_is_kept_to_a_microsecond(
    tmp_path: Path, denominator: int
) -> None:
    time_base = Fraction(1, denominator)
    pts = [k * max(1, denominator // 30) for k in range(6)]
    path = write(tmp_path / "out.mp4", pts, frame_rate=None, time_base=time_base)
    with open_media(path) as media:
        times = [frame.time_s for frame in media.frames()]
    assert times == pytest.approx([at / denominator for at in pts], abs=1e-6)


def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(MediaError, match="away does not exist; create it"):
        check_target(tmp_path / "away" / "out.mp4")


def test_a_folder_is_no_target(tmp_path: Path) -> None:
    with pytest.raises(MediaError, match="is a folder"):
        check_target(tmp_path)


def test_no_pictures_are_an_error(tmp_path: Path) -> None:
    with pytest.raises(MediaError, match="no pictures"), writer(tmp_path / "out.mp4"):
        pass
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("when", ["writing", "closing"])
def test_a_full_disk_is_reported_and_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, when: str
) -> None:
    full = av.error.OSError(errno.ENOSPC, "No space left on device")

    def fail(*_: object) -> None:
        raise full

    target = tmp_path / "out.mp4"
    out = writer(target, spherical=SphericalMetadata())
    if when == "writing":
        monkeypatch.setattr(MediaWriter, "_mux", fail)
    else:
        monkeypatch.setattr("pano.media.writing.mux.write_spherical", fail)
    with pytest.raises(MediaError, match=r"disk is full: .*out\.mp4"), out:
        out.write(grey(0), 0)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs Linux's /dev/full")
def test_a_really_full_device_is_reported(tmp_path: Path) -> None:
    out = writer(tmp_path / "out.mp4")
    (tmp_path / "out.part.mp4").symlink_to("/dev/full")
    rng = np.random.default_rng(0)
    noise = rng.integers(0, 255, (60, 32, 64, 3), dtype=np.uint8)
    with pytest.raises(MediaError, match="disk is full"):
        write_all(out, noise, range(60))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"width_px": 63}, "even sides, got 63×32"),
        ({"height_px": 0}, "even sides, got 64×0"),
        ({"quality": 99}, "quality must be in 0 to 51, got 99"),
        ({"encoder": "libfoo"}, "unknown encoder 'libfoo'; choose one of libx264"),
        ({"preset": "p4"}, "libx264 has no preset 'p4'; choose one of ultrafast, "),
    ],
)
def test_settings_that_cannot_work_are_refused(
    tmp_path: Path, settings: dict[str, object], message: str
) -> None:
    with pytest.raises(SettingsError, match=message):
        writer(tmp_path / "out.mp4", **settings)


def x264_settings(path: Path) -> dict[str, str]:
    """Read the settings that x264 writes into its stream, in an SEI message."""
    with av.open(str(path)) as container:
        packet = next(container.demux(video=0))
        text = re.search(rb"options: ([^\0]*)", bytes(packet))
    return dict(word.decode().partition("=")[::2] for word in text[1].split())


# x264 names what its presets stand for: the depth of the motion search, and how many
# pictures it looks ahead.
@pytest.mark.parametrize(
    ("preset", "subme", "lookahead"),
    [("superfast", "1", "0"), ("veryfast", "2", "10"), ("medium", "7", "40")],
)
def test_a_preset_reaches_the_encoder(
    tmp_path: Path, preset: str, subme: str, lookahead: str
) -> None:
    settings = x264_settings(write(tmp_path / "out.mp4", preset=preset, quality=23))
    assert settings["subme"] == subme
    assert settings.get("rc_lookahead", "0") == lookahead
    assert settings["crf"] == "23.0"


def test_without_a_preset_the_encoders_own_default_is_taken(tmp_path: Path) -> None:
    settings = x264_settings(write(tmp_path / "out.mp4", preset=None))
    named = write(tmp_path / "named.mp4", preset="veryfast", quality=16)
    assert settings == x264_settings(named)


def test_every_preset_has_a_quality_of_its_own(tmp_path: Path) -> None:
    settings = x264_settings(write(tmp_path / "out.mp4", preset="medium"))
    assert settings["crf"] == "18.0"


def test_a_name_without_a_container_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="names no container"):
        writer(tmp_path / "out.txt")


def test_spherical_metadata_need_mp4(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"end it in \.mp4 or \.mov"):
        writer(tmp_path / "out.mkv", spherical=SphericalMetadata())


def test_time_cannot_go_back(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="pts must grow"):
        write(tmp_path / "out.mp4", [5, 5])


def test_pictures_of_another_size_are_refused(tmp_path: Path) -> None:
    with (
        pytest.raises(ValueError, match="expected pictures"),
        writer(tmp_path / "o.mp4") as out,
    ):
        out.write(grey(0, width=32), 0)


def test_a_written_sphere_is_read_back(tmp_path: Path) -> None:
    path = write(tmp_path / "out.mp4", spherical=SphericalMetadata())
    assert probe(path).spherical == SphericalMetadata()


@pytest.mark.parametrize("n_pictures", [1, 2, 3])
def test_a_very_short_film_of_libx265_keeps_its_times(tmp_path, n_pictures):
    target = write(tmp_path / "out.mp4", range(n_pictures), encoder="libx265")
    with av.open(str(target)) as container:
        times = [frame.time for frame in container.decode(video=0)]
    assert times == pytest.approx([k / 30 for k in range(n_pictures)])


@pytest.mark.parametrize(("name", "is_tagged"), [("out.mp4", True), ("out.mkv", False)])
def test_hevc_in_mp4_is_tagged_as_quicktime_reads_it(tmp_path, name, is_tagged):
    data = write(tmp_path / name, range(3), encoder="libx265").read_bytes()
    assert (b"hvc1" in data) is is_tagged
    assert b"hev1" not in data
