from __future__ import annotations

import re
import subprocess
from fractions import Fraction

import numpy as np
import pytest

from pano.errors import SettingsError
from pano.media import ENCODERS, MediaWriter, ffmpeg_program, probe
from pano.media.writing import encoders
from pano.media.writing.target import check_encoder

# A name that FFmpeg knows nowhere stands for hardware that is not there.
ABSENT = "h264_of_another_machine"


def write(target, encoder: str):
    with MediaWriter(
        target,
        width_px=256,
        height_px=256,
        frame_rate=Fraction(30),
        time_base=Fraction(1, 30),
        encoder=encoder,
    ) as writer:
        writer.write(np.full((256, 256, 3), 90, np.uint8), 0)


def test_an_encoder_that_is_not_there_is_refused_before_anything_is_written(
    tmp_path, monkeypatch
):
    monkeypatch.setitem(ENCODERS, ABSENT, encoders.Encoder("cq"))
    with pytest.raises(SettingsError, match=r"does not work on this machine.*libx264"):
        write(tmp_path / "out.mp4", ABSENT)
    assert list(tmp_path.iterdir()) == []


def test_an_unknown_name_lists_the_known_ones(tmp_path):
    with pytest.raises(SettingsError, match="libx265"):
        write(tmp_path / "out.mp4", "x264")


@pytest.mark.parametrize("name", ENCODERS)
def test_ffmpeg_knows_every_preset(name):
    encoder = ENCODERS[name]
    command = [str(ffmpeg_program()), "-hide_banner", "-h", f"encoder={name}"]
    words = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    if encoder.preset_option not in words:
        pytest.skip(f"this ffmpeg was built without {name}")
    option, names = known_names(words, encoder.preset_option)
    assert option == "<string>" or set(encoder.presets) <= names
    assert encoder.preset is None or encoder.preset in encoder.presets


def known_names(words: str, option: str) -> tuple[str, set[str]]:
    """Return an option's kind and the names it takes, as `ffmpeg -h` lists them."""
    found = re.search(rf"^  -{option} +(<\w+>).*\n((?:     \S.*\n)*)", words, re.M)
    return found[1], {line.split()[0] for line in found[2].splitlines()}


def test_hardware_is_asked_by_its_own_options():
    assert ENCODERS["h264_nvenc"].settings("p7", None) == {"preset": "p7", "cq": "18"}
    assert ENCODERS["h264_amf"].settings("speed", 20) == {
        "rc": "cqp",
        "quality": "speed",
        "qp_p": "20",
    }
    assert ENCODERS["h264_qsv"].settings(None, None) == {"global_quality": "18"}


@pytest.mark.parametrize("name", ENCODERS)
def test_every_encoder_of_this_machine_writes_a_video(tmp_path, name):
    try:
        check_encoder(name)
    except SettingsError as error:
        pytest.skip(f"this machine has no {name}: {error.__cause__}")
    target = tmp_path / f"out{encoders.suffix_of(name)}"
    write(target, name)
    assert probe(target).width_px == 256
