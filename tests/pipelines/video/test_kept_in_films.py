"""What a film keeps of its clip's sound and words is told before it is analysed."""

import dataclasses
from pathlib import Path

import numpy as np
import pytest

from pano.errors import MediaError
from pano.media import probe
from pano.media.containers.carried import read_carried
from pano_jobs.settings import (
    EncoderSettings,
    LensSettings,
    LocalizeSettings,
    PanSettings,
)
from pano_jobs.video.heat_map import saliency
from pano_jobs.video.pan import pan
from tests.fake_localizer import RedLocalizer
from tests.pano.media.containers.test_carried import PARTS
from tests.pano.media.containers.test_carried import clip as clip_with_words
from tests.synthetic import Clip, SoundTrack, sine, write_clip

NOTE = "the sound (wavpack, mono) is encoded anew as AAC: .mp4 cannot carry it"
QUICK = EncoderSettings(preset="ultrafast")
SMALL = PanSettings(lens=LensSettings(width_px=64, height_px=32, encoder=QUICK))


def clip(folder: Path, **sound) -> Path:
    track = SoundTrack(**{"samples": sine(0.4), **sound})
    return write_clip(folder / "clip.mov", Clip(n_pictures=12, sound=track))


def clip_of_wavpack(folder: Path) -> Path:
    track = SoundTrack(sine(0.4), codec="wavpack")
    return write_clip(folder / "clip.mkv", Clip(n_pictures=12, sound=track))


def test_pan_says_that_the_sound_is_encoded_anew(tmp_path: Path) -> None:
    source = clip_of_wavpack(tmp_path)
    result = pan(source, tmp_path / "film.mp4", SMALL, localizer=RedLocalizer())
    assert NOTE in result.notes


def test_saliency_says_that_the_sound_is_encoded_anew(tmp_path: Path) -> None:
    source = clip_of_wavpack(tmp_path)
    target = tmp_path / "heat.mp4"
    result = saliency(source, target, encoder=QUICK, localizer=RedLocalizer())
    assert NOTE in result.notes


def test_films_say_what_their_clip_said(tmp_path: Path) -> None:
    source = clip_with_words(tmp_path / "clip.mov")
    may_be_silent = LocalizeSettings(require_sound=False)
    settings = dataclasses.replace(SMALL, localize=may_be_silent)
    pan(source, tmp_path / "film.mp4", settings, localizer=RedLocalizer())
    saliency(source, tmp_path / "heat.mp4", may_be_silent, localizer=RedLocalizer())
    assert probe(tmp_path / "heat.mp4").spherical is not None
    for name in ("film.mp4", "heat.mp4"):
        said = read_carried(tmp_path / name)
        assert said.tags["title"] == "Concert in Graz"
        assert said.timecode == "10:11:12:13"
        assert list(said.chapters) == PARTS


def test_too_many_channels_are_refused_before_the_analysis(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def analyse(*_: object, **__: object) -> None:
        raise AssertionError("the clip was analysed")

    monkeypatch.setattr("pano_jobs.video.heat_map.Analysis", analyse)
    noise = np.random.default_rng(0).standard_normal((11, 8_000)).astype(np.float32)
    source = clip(
        tmp_path,
        samples=0.1 * noise,
        sample_rate_hz=16_000,
        codec="pcm_s16le",
        layout="11 channels",
    )
    with pytest.raises(MediaError, match=r"11 channels .* end its name in \.mov"):
        saliency(source, tmp_path / "heat.mp4", localizer=RedLocalizer())
    assert not (tmp_path / "heat.mp4").exists()
