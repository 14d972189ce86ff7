"""Light levels in the file: written once, however often they are."""

from __future__ import annotations

from pathlib import Path

import av

from pano.media.colour.signal import MasteringDisplay, VideoSignal
from pano.media.metadata.light_levels import write_light_levels
from tests.synthetic import Clip, SoundTrack, sine, write_clip

POINT = (0.3, 0.3)
DISPLAY = MasteringDisplay(POINT, POINT, POINT, POINT, 1000.0, 0.005)


def test_levels_that_are_there_are_replaced_and_the_file_stays_whole(
    tmp_path: Path,
) -> None:
    film = write_clip(tmp_path / "film.mp4", Clip(sound=SoundTrack(sine(1.0))))
    signal = VideoSignal(mastering=DISPLAY, max_cll_nit=1000, max_fall_nit=400)
    write_light_levels(film, signal)
    once = film.read_bytes()
    write_light_levels(film, signal)
    assert film.read_bytes() == once
    assert (once.count(b"mdcv"), once.count(b"clli")) == (1, 1)
    with av.open(str(film)) as container:
        assert [stream.type for stream in container.streams] == ["video", "audio"]
