"""Timecodes count frames as opentimelineio's do, dropped numbers included."""

from __future__ import annotations

from fractions import Fraction

import pytest

from pano.camera.timecode import Timecode

NTSC = Fraction(30_000, 1001)


@pytest.mark.parametrize(
    ("written", "rate_hz", "n_frames"),
    [
        ("00:00:00:00", Fraction(25), 0),
        ("01:02:03:04", Fraction(25), 93_079),
        ("01:00:00:00", NTSC, 108_000),
        ("00:00:59;29", NTSC, 1799),
        ("00:01:00;02", NTSC, 1800),
        ("00:10:00;00", NTSC, 17_982),
        ("01:00:00;00", NTSC, 107_892),
        ("00:01:00;04", Fraction(60_000, 1001), 3600),
        ("10:00:00:100", Fraction(120), 4_320_100),
    ],
)
def test_a_timecode_is_read_and_written_as_it_stands(written, rate_hz, n_frames):
    timecode = Timecode.read(written, rate_hz)
    assert timecode.n_frames == n_frames
    assert int(str(timecode).replace(":", "").replace(";", "")) == int(
        written.replace(":", "").replace(";", "")
    )
    assert (";" in str(timecode)) == (";" in written)


def test_drop_frame_numbers_agree_with_opentimelineio_minute_by_minute():
    otio = pytest.importorskip("opentimelineio", reason="the dev extra installs it")
    rate_hz = float(NTSC)
    for n_frames in [*range(1795, 1805), *range(17_978, 17_986), 107_891, 2_000_000]:
        theirs = otio.opentime.RationalTime(n_frames, rate_hz).to_timecode()
        assert str(Timecode(n_frames, NTSC, is_drop_frame=True)) == theirs


@pytest.mark.parametrize(
    "written", ["", "now", "1:2:3:4", "00:60:00:00", "00:00:00:25", "00:00:00"]
)
def test_what_is_no_timecode_at_this_rate_is_refused(written):
    with pytest.raises(ValueError, match="is not a timecode"):
        Timecode.read(written, Fraction(25))


def test_film_has_no_dropped_numbers():
    with pytest.raises(ValueError, match="no drop-frame timecode"):
        Timecode.read("00:00:00;00", Fraction(24))
