"""Chapters of one recording, read as one."""

from pathlib import Path

import av
import numpy as np
import pytest

from pano.errors import MediaError
from pano.media import open_media
from pano.media.cameras.chapters import chapters_of, group_chapters, joined_chapters
from pano.media.containers.carried import read_carried
from pano.projections.kinds import SourceProjection
from tests.synthetic import Clip, SoundTrack, cut_short, sine, write_clip


def chapters(folder, lengths=(10, 6)):
    clips = []
    for number, n_pictures in enumerate(lengths, start=1):
        sound = SoundTrack(sine(n_pictures / 30), codec="pcm_s16le")
        clip = Clip(n_pictures=n_pictures, sound=sound)
        clips.append(write_clip(folder / f"GS{number:02d}0007.mov", clip))
    return clips


def test_a_list_names_its_chapters_whatever_is_in_their_names(tmp_path):
    folder = tmp_path / "it's a folder"
    folder.mkdir()
    clips = chapters(folder)
    with joined_chapters(clips) as listed:
        assert listed.name == "GS010007.ffconcat"
        assert chapters_of(listed) == tuple(clip.resolve() for clip in clips)
    assert not listed.exists()
    with joined_chapters(clips[:1]) as single:
        assert single == clips[0]


def test_a_film_that_is_no_chapter_is_refused(tmp_path):
    clips = chapters(tmp_path)
    other = write_clip(tmp_path / "other.mov", Clip(width_px=128, height_px=64))
    with (
        pytest.raises(MediaError, match=r"other\.mov is not a chapter of"),
        joined_chapters([clips[0], other]),
    ):
        pass
    with (
        pytest.raises(MediaError, match="no such file"),
        joined_chapters([clips[0], tmp_path / "missing.mov"]),
    ):
        pass


def test_names_of_cameras_tell_chapters():
    names = [
        *("GS010007.360", "GS020007.360", "GS010008.360", "GS030009.360"),
        *("VID_20240101_101010_00_001.insv", "VID_20240101_101010_00_002.insv"),
        "holiday.mp4",
    ]
    groups = group_chapters([Path("a") / name for name in reversed(names)])
    assert [[path.name for path in group] for group in groups] == [
        ["GS010007.360", "GS020007.360"],
        ["GS010008.360"],
        ["GS030009.360"],  # begins in the middle
        ["VID_20240101_101010_00_001.insv", "VID_20240101_101010_00_002.insv"],
        ["holiday.mp4"],
    ]


def test_pictures_and_sound_go_on_over_the_joint(tmp_path):
    """A tone cut in the middle of a period sounds on without a gap or a step."""
    whole = sine(16 / 30, sample_rate_hz=48_000)
    cut = 10 * 1600 + 700  # the sound of the first is longer than its picture
    clips = []
    for name, n_pictures, part in (("a", 10, whole[:cut]), ("b", 6, whole[cut:])):
        sound = SoundTrack(part, 48_000, codec="pcm_s16le")
        clip = Clip(n_pictures=n_pictures, sound=sound)
        clips.append(write_clip(tmp_path / f"{name}.mov", clip))
    with joined_chapters(clips) as listed, open_media(listed) as media:
        times = [frame.time_s for frame in media.planar_frames()]
        heard = media.sound(sample_rate_hz=48_000).samples
    assert np.allclose(times, np.arange(16) / 30, atol=1e-4)
    assert len(heard) == pytest.approx(len(whole), abs=2)
    n = min(len(heard), len(whole))
    assert np.abs(heard[:n] - whole[:n]).max() < 0.01


def test_a_chapter_that_is_cut_short_is_found_out(tmp_path):
    clips = chapters(tmp_path)
    cut_short(clips[1], tmp_path / "short.mov", share=0.6)
    (tmp_path / "short.mov").replace(clips[1])
    with (
        pytest.raises(MediaError),
        joined_chapters(clips) as listed,
        open_media(listed) as media,
    ):
        list(media.planar_frames())


def test_the_chapters_of_two_lenses_in_two_files_are_two_lists(tmp_path):
    def write(lens, chapter, level):
        clip = Clip(
            64, 64, n_pictures=2, paint=lambda _: np.full((64, 64, 3), level, np.uint8)
        )
        name = f"VID_20240101_101010_{lens}_{chapter:03d}"
        return write_clip(tmp_path / f"{name}.mp4", clip).rename(
            tmp_path / f"{name}.insv"
        )

    firsts = [write("00", chapter, 40) for chapter in (1, 2)]
    seconds = [write("10", chapter, 200) for chapter in (1, 2)]
    with joined_chapters(firsts) as listed, open_media(listed) as media:
        frames = [frame.planes.y for frame in media.planar_frames()]
    assert media.projection.kind is SourceProjection.DUAL_FISHEYE
    assert len(frames) == 4
    assert all(y[:, :64].mean() < 60 and y[:, 64:].mean() > 180 for y in frames)
    seconds[1].unlink()
    with (
        joined_chapters(firsts) as listed,
        pytest.raises(MediaError, match=r"_00_002\.insv holds .*_10_002\.insv, beside"),
        open_media(listed),
    ):
        pass


def test_chapters_are_projected_as_their_names_say(tmp_path):
    clips = []
    for number in (1, 2):
        name = f"VID_20240101_101010_00_{number:03d}"
        clip = write_clip(tmp_path / f"{name}.mp4", Clip(n_pictures=2))
        clips.append(clip.rename(tmp_path / f"{name}.insv"))
    with joined_chapters(clips) as listed, open_media(listed) as media:
        assert media.projection.kind is SourceProjection.DUAL_FISHEYE


def test_what_the_first_chapter_says_of_the_recording_is_kept(tmp_path):
    clips = chapters(tmp_path)
    with av.open(str(clips[0])) as given, av.open(str(tmp_path / "a.mov"), "w") as made:
        made.metadata["title"] = "Take one"
        copy = made.add_stream_from_template(given.streams.video[0])
        for packet in given.demux(video=0):
            if packet.size:
                packet.stream = copy
                made.mux(packet)
    with joined_chapters([tmp_path / "a.mov", tmp_path / "a.mov"]) as listed:
        assert read_carried(listed).tags["title"] == "Take one"
