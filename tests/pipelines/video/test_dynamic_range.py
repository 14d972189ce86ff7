"""HDR clips through the jobs: films, notes, heat maps and refusals."""

from __future__ import annotations

import numpy as np
import pytest
from click.testing import CliRunner

from pano.errors import SettingsError
from pano.media import probe
from pano_jobs.batch.clips import find_clips
from pano_jobs.cli import main
from pano_jobs.settings import (
    EncoderSettings,
    LensSettings,
    LocalizeSettings,
    PanSettings,
)
from pano_jobs.video.export import export
from pano_jobs.video.heat_map import default_target, saliency
from pano_jobs.video.pan import pan
from pano_jobs.video.render import render
from tests.fake_localizer import RedLocalizer
from tests.pano.media.colour.hdr_clips import HLG, luma_codes, write_steps

SILENT = LocalizeSettings(require_sound=False)


@pytest.fixture
def hlg(tmp_path):
    return write_steps(tmp_path / "clip.mp4", luma_codes(np.linspace(0.0, 1.0, 8)), HLG)


def lens(**encoder) -> LensSettings:
    return LensSettings(
        width_px=64, height_px=36, shutter_deg=180.0, encoder=EncoderSettings(**encoder)
    )


def test_a_film_is_tone_mapped_with_a_note_or_keeps_hdr(hlg, tmp_path):
    panned = pan(
        hlg,
        tmp_path / "sdr.mp4",
        PanSettings(localize=SILENT, lens=lens()),
        path_target=tmp_path / "path.json",
        sheet_target=tmp_path / "sheet.png",
        localizer=RedLocalizer(),
    )
    assert any("tone-mapped to SDR" in note for note in panned.notes)
    assert probe(panned.target).signal.words() == "SDR"
    kept = render(
        hlg,
        tmp_path / "path.json",
        tmp_path / "hdr.mov",
        lens(name="prores_ks", preset="proxy"),
    )
    info = probe(kept.target)
    assert (info.codec, info.signal.words()[:15]) == ("prores", "HDR (HLG, BT.20")
    assert [note for note in kept.notes if "SDR" in note] == []


def test_a_heat_map_of_hdr_is_painted_on_sdr(hlg, tmp_path):
    result = saliency(hlg, tmp_path / "heat.mp4", SILENT, localizer=RedLocalizer())
    assert probe(result.target).signal.words() == "SDR"
    assert any("painted on it as SDR" in note for note in result.notes)


def test_a_heat_map_cannot_keep_hdr(hlg, tmp_path):
    encoder = EncoderSettings("libx265", dynamic_range="source")
    with pytest.raises(SettingsError, match=r"painted on SDR; leave"):
        saliency(hlg, tmp_path / "heat.mp4", SILENT, encoder=encoder)
    assert not (tmp_path / "heat.mp4").exists()


def test_a_film_that_cannot_keep_hdr_is_refused_before_the_clip_is_heard(hlg, tmp_path):
    settings = PanSettings(
        localize=SILENT, lens=lens(name="h264_nvenc", dynamic_range="source")
    )
    with pytest.raises(SettingsError, match="8 bits"):
        pan(hlg, tmp_path / "out.mp4", settings, localizer=RedLocalizer())


def test_prores_names_its_files_mov(tmp_path):
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a.mp4").touch()
    pairs = find_clips(tmp_path / "in", tmp_path / "out", suffix=".mov")
    assert [clip.target.name for clip in pairs] == ["a.mov"]
    named = default_target(tmp_path / "a.mp4", EncoderSettings("prores_ks"))
    assert named.name == "a.saliency.mov"


def test_the_command_line_says_why_prores_is_no_mp4(hlg, tmp_path):
    result = CliRunner().invoke(
        main,
        ["pan", str(hlg), "-o", str(tmp_path / "out.mp4"), "--encoder", "prores_ks"],
    )
    assert "end it in .mov" in result.stderr


def test_an_export_that_films_hdr_by_itself_says_so(hlg, tmp_path):
    settings = PanSettings(localize=SILENT, lens=lens())
    path = tmp_path / "path.json"
    pan(
        hlg,
        tmp_path / "sdr.mp4",
        settings,
        path_target=path,
        localizer=RedLocalizer(),
    )
    said = {
        name: any("HDR" in note for note in export(path, tmp_path / name, name).notes)
        for name in ("sendcmd", "mlt", "csv")
    }
    assert said == {"sendcmd": True, "mlt": True, "csv": False}
