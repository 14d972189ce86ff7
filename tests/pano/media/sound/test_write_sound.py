from __future__ import annotations

import av
import numpy as np
import pytest

from pano.errors import MediaError
from pano.media.sound.write_sound import write_sound
from tests.synthetic import sine

# AAC is not exact, but a steady tone keeps its level within a few per cent.
RMS_TOLERANCE = 0.03


def test_a_written_sound_has_its_length_and_level(tmp_path):
    samples = sine(2.0, sample_rate_hz=44_100)
    write_sound(tmp_path / "tone.m4a", samples, sample_rate_hz=44_100)
    with av.open(str(tmp_path / "tone.m4a")) as container:
        frames = [f.to_ndarray()[0] for f in container.decode(audio=0)]
        assert container.streams.audio[0].codec_context.sample_rate == 44_100
    heard = np.concatenate(frames)
    assert abs(len(heard) - len(samples)) <= 2 * 1024
    middle = slice(10_000, 70_000)
    assert np.std(heard[middle]) == pytest.approx(
        np.std(samples[middle]), rel=RMS_TOLERANCE
    )


def test_a_missing_folder_is_a_sentence_and_leaves_nothing(tmp_path):
    with pytest.raises(MediaError, match=r"tone\.m4a cannot be written"):
        write_sound(tmp_path / "no" / "tone.m4a", sine(0.1), sample_rate_hz=44_100)
