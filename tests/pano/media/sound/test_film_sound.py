"""Sound tracks beside the one that is heard."""

from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from pano.ambisonics.formats import AMBIX
from pano.media import MediaWriter, open_media
from pano.media.metadata.spatial_audio import read_spatial_audio, write_spatial_audio
from pano.media.sound.choice import SoundChoice

RATE_HZ = 48_000


def clip_of_two_tracks(path: Path) -> Path:
    """Write stereo in AAC, and beside it four channels in PCM, as GoPro does."""
    with av.open(str(path), "w") as container:
        video = container.add_stream("libx264", rate=30)
        video.width, video.height, video.pix_fmt = 64, 32, "yuv420p"
        stereo = container.add_stream("aac", rate=RATE_HZ, layout="stereo")
        field = container.add_stream("pcm_s16le", rate=RATE_HZ, layout="4.0")
        stereo.metadata["language"] = "fre"
        field.metadata["handler_name"] = "GoPro AMB"
        noise = 0.1 * np.random.default_rng(0).standard_normal((1, 4 * 14_400))
        for stream, n_channels in ((stereo, 2), (field, 4)):
            frame = av.AudioFrame.from_ndarray(
                noise[:, : n_channels * 14_400].astype(np.float32),
                format="flt",
                layout=stream.layout,
            )
            frame.sample_rate, frame.pts = RATE_HZ, 0
            container.mux(stream.encode(frame))
            container.mux(stream.encode(None))
        for pts in range(9):
            image = np.zeros((32, 64, 3), np.uint8)
            picture = av.VideoFrame.from_ndarray(image, format="rgb24")
            picture.pts, picture.time_base = pts, Fraction(1, 30)
            container.mux(video.encode(picture))
        container.mux(video.encode(None))
    return path


def film(source: Path, target: Path, choice: SoundChoice) -> MediaWriter:
    with open_media(source, sound=choice) as media:
        sound_from, route = media.clip_sound.written("copy")
        writer = MediaWriter(
            target,
            width_px=64,
            height_px=32,
            frame_rate=media.info.average_frame_rate,
            time_base=media.info.time_base,
            sound_from=sound_from,
            route=route,
            preset="ultrafast",
        )
        with writer:
            for frame in media.frames():
                writer.write(frame.image, frame.pts)
    return writer


def tracks(path: Path) -> list[tuple[str, int]]:
    with av.open(str(path)) as container:
        return [
            (stream.codec_context.name, stream.codec_context.layout.nb_channels)
            for stream in container.streams.audio
        ]


def packets(path: Path, track: int) -> bytes:
    with av.open(str(path)) as container:
        return b"".join(bytes(p) for p in container.demux(audio=track) if p.size)


@pytest.mark.parametrize("suffix", [".mp4", ".mov", ".mkv"])
def test_all_tracks_are_copied_with_the_heard_one_first(
    tmp_path: Path, suffix: str
) -> None:
    source = clip_of_two_tracks(tmp_path / "clip.mov")
    target = tmp_path / f"film{suffix}"
    writer = film(source, target, SoundChoice("mono", track=1, tracks="all"))
    assert tracks(target) == [("pcm_s16le", 4), ("aac", 2)]
    assert packets(target, 0) == packets(source, 1)
    assert packets(target, 1) == packets(source, 0)
    assert writer.notes == ()


def test_further_tracks_keep_their_names(tmp_path: Path) -> None:
    source = clip_of_two_tracks(tmp_path / "clip.mp4")
    film(source, tmp_path / "film.mp4", SoundChoice("mono", track=0, tracks="all"))
    with av.open(str(tmp_path / "film.mp4")) as container:
        heard, other = container.streams.audio
        assert heard.metadata["language"] == "fre"
        assert other.metadata["handler_name"] == "GoPro AMB"


def test_a_further_track_keeps_its_tag(tmp_path: Path) -> None:
    source = clip_of_two_tracks(tmp_path / "clip.mov")
    write_spatial_audio(source, AMBIX, track=1)
    target = tmp_path / "film.mp4"
    film(source, target, SoundChoice("mono", track=0, tracks="all"))
    assert read_spatial_audio(target) == [None, AMBIX]


def test_a_further_track_that_the_container_cannot_carry_is_encoded_anew(
    tmp_path: Path,
) -> None:
    source = clip_of_two_tracks(tmp_path / "clip.mov")
    target = tmp_path / "film.m4v"
    writer = film(source, target, SoundChoice("mono", track=0, tracks="all"))
    assert tracks(target) == [("aac", 2), ("aac", 4)]
    assert writer.notes == (
        "sound track 1 (pcm_s16le, 4.0) is encoded anew as AAC: .m4v cannot carry it",
    )


def test_what_is_left_out_is_told(tmp_path: Path) -> None:
    source = clip_of_two_tracks(tmp_path / "clip.mov")
    target = tmp_path / "film.mp4"
    writer = film(source, target, SoundChoice("mono", track=0))
    assert tracks(target) == [("aac", 2)]
    assert writer.notes == (
        "1 further sound track is left out; --sound-tracks all keeps all",
    )


@pytest.mark.parametrize("suffix", [".mp4", ".mov", ".mkv"])
def test_short_packets_that_share_a_time_are_all_copied(
    tmp_path: Path, suffix: str, caplog: pytest.LogCaptureFixture
) -> None:
    """Matroska's clock of milliseconds gives three packets of a third the same time."""
    source = clip_of_short_packets(tmp_path / "clip.mkv")
    with av.open(str(source)) as container:
        times = [p.dts for p in container.demux(audio=0) if p.size]
    assert len(set(times)) < len(times)
    film(source, target := tmp_path / f"film{suffix}", SoundChoice())
    assert packets(target, 0) == packets(source, 0)
    assert ("were put behind it" in caplog.text) == (suffix != ".mkv")


def clip_of_short_packets(path: Path) -> Path:
    """Write PCM in packets of 16 samples."""
    with av.open(str(path), "w") as container:
        video = container.add_stream("libx264", rate=30)
        video.width, video.height, video.pix_fmt = 64, 32, "yuv420p"
        sound = container.add_stream("pcm_s16le", rate=RATE_HZ, layout="mono")
        samples = np.arange(RATE_HZ // 4, dtype=np.int16)[None]
        for first in range(0, samples.shape[1], 16):
            frame = av.AudioFrame.from_ndarray(
                samples[:, first : first + 16], format="s16", layout="mono"
            )
            frame.sample_rate, frame.pts = RATE_HZ, first
            container.mux(sound.encode(frame))
        for pts in range(9):
            image = np.zeros((32, 64, 3), np.uint8)
            picture = av.VideoFrame.from_ndarray(image, format="rgb24")
            picture.pts, picture.time_base = pts, Fraction(1, 30)
            container.mux(video.encode(picture))
        container.mux(video.encode(None))
    return path
