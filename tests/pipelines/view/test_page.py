from __future__ import annotations

import base64
import hashlib
import json
import re
import zlib
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from pano.camera.path import CameraPath, PathSource
from pano.media import probe
from pano_jobs.cli import main
from pano_jobs.html_page import as_script
from pano_jobs.video.pan import pan
from pano_jobs.view import proxy
from pano_jobs.view.export import export_page
from pano_jobs.view.packing import pack
from tests.fake_localizer import RedLocalizer
from tests.synthetic import Clip, SoundTrack, sine, write_clip

HOSTILE = "</script><script>alert(1)</script><!--VIDEO-->.mp4"


def a_path(name: str, *, start_s: float = 0.0, turns: float = 0.0) -> CameraPath:
    n = 30
    return CameraPath(
        time_s=start_s + np.arange(n) / 30.0,
        yaw_deg=360.0 * turns + np.linspace(150.0, 210.0, n),
        pitch_deg=np.zeros(n),
        roll_deg=np.zeros(n),
        hfov_deg=np.full(n, 65.5),
        cut=np.zeros(n, bool),
        trust=np.ones(n),
        confidence=np.ones(n),
        source=PathSource(file=name, width_px=64, height_px=36),
    )


def element(text: str, name: str) -> str:
    found = re.search(f'<script type="[^"]*" id="{name}">(.*?)</script>', text, re.S)
    assert found is not None
    return found[1]


def unpacked(text: str) -> dict[str, np.ndarray]:
    facts = json.loads(element(text, "facts"))
    whole = zlib.decompress(base64.b64decode(element(text, "arrays")))
    kinds = {"Uint8Array": "u1", "Float32Array": "<f4", "Float64Array": "<f8"}
    return {
        name: np.frombuffer(
            whole,
            kinds[one["kind"]],
            count=int(np.prod(one["shape"])),
            offset=one["at"],
        ).reshape(one["shape"])
        for name, one in facts["arrays"].items()
    }


def exported(tmp_path: Path, path: CameraPath, *more: object) -> str:
    clip = write_clip(tmp_path / "clip.mp4", Clip(sound=SoundTrack(sine(1.0))))
    path.save(tmp_path / "path.json")
    words = ("view", clip, "--path", tmp_path / "path.json", *more)
    target = tmp_path / "page.html"
    result = CliRunner().invoke(main, [*map(str, words), "--export", str(target)])
    assert result.exit_code == 0, result.output
    assert [file.name for file in tmp_path.iterdir() if "part" in file.name] == []
    return target.read_text(encoding="utf-8")


def test_the_page_holds_the_path_as_filmed_from_0_on(tmp_path):
    path = a_path("clip.mp4", start_s=0.1, turns=1000.0)
    arrays = unpacked(exported(tmp_path, path))
    np.testing.assert_allclose(arrays["time_s"], path.time_s, atol=1e-9)
    np.testing.assert_allclose(arrays["yaw_deg"], np.linspace(150, 210, 30), atol=1e-3)
    assert "heat" not in arrays


def test_the_heat_lies_where_it_was_heard(tmp_path, clip_of_disc):
    clip = clip_of_disc(lambda _: 60.0)
    maps = tmp_path / "maps.npz"
    pan(
        clip,
        tmp_path / "film.mp4",
        path_target=tmp_path / "path.json",
        maps_target=maps,
        localizer=RedLocalizer(),
    )
    target = tmp_path / "page.html"
    export_page(clip, tmp_path / "path.json", target, maps_source=maps)
    arrays = unpacked(target.read_text(encoding="utf-8"))
    n, height, width = arrays["heat"].shape
    assert n == len(arrays["heat_time_s"]) == pytest.approx(15, abs=1)
    # All that is as hot as can be, around the disc.
    rows, columns = np.nonzero(arrays["heat"][n // 2] == arrays["heat"].max())
    yaw_deg = (columns.mean() + 0.5) / width * 360.0 - 180.0
    pitch_deg = 90.0 - (rows.mean() + 0.5) / height * 180.0
    assert (yaw_deg, pitch_deg) == pytest.approx((60.0, 0.0), abs=4.0)
    assert arrays["palette"][0, 3] == 0 < arrays["palette"][255, 3]
    assert np.all(np.isfinite(arrays["level_db"]))


def test_the_page_holds_the_video_and_loads_nothing_else(tmp_path):
    text = exported(tmp_path, a_path("clip.mp4"))
    (tmp_path / "video.mp4").write_bytes(base64.b64decode(element(text, "video-data")))
    video = probe(tmp_path / "video.mp4")
    assert (video.width_px, video.height_px, video.codec) == (64, 32, "h264")
    assert video.audio is not None
    assert (video.audio.codec, video.audio.channels) == ("aac", 2)
    assert re.findall(r"(?:src|href)=|https?:", text) == []


def test_only_the_pages_own_script_may_run(tmp_path):
    text = exported(tmp_path, a_path("clip.mp4"))
    script = text.split("<script>")[1].split("</script>")[0]
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    assert f"script-src 'sha256-{digest}'" in text
    assert "default-src 'none'" in text


def test_a_hostile_name_is_text(tmp_path):
    text = exported(tmp_path, a_path(HOSTILE))
    assert "<script>alert" not in text
    assert text.count("</script>") == 4
    assert json.loads(element(text, "facts"))["name"] == HOSTILE
    assert "&lt;/script&gt;&lt;script&gt;alert(1)" in text


def test_facts_cannot_end_their_element():
    text = as_script({"name": HOSTILE + "\u2028&amp;"})
    assert not set("<>&\u2028") & set(text)
    assert json.loads(text) == {"name": HOSTILE + "\u2028&amp;"}


def test_arrays_begin_where_their_kind_may_be_read():
    index, _ = pack({"a": np.zeros(3, np.uint8), "b": np.zeros((2, 2))})
    assert index["b"] == {"kind": "Float64Array", "shape": [2, 2], "at": 8}


@pytest.mark.parametrize(
    ("size_px", "expected_px"),
    [
        ((3840, 1920), (1920, 960)),
        ((1000, 500), (1000, 500)),
        ((2560, 2560), (1920, 1920)),
    ],
)
def test_a_proxy_is_at_most_as_wide_as_it_says(size_px, expected_px):
    assert proxy._size(*size_px) == expected_px


def test_a_large_proxy_is_encoded_into_the_room_there_is(tmp_path, monkeypatch):
    rng = np.random.default_rng(0)
    noisy = Clip(
        width_px=320,
        height_px=160,
        paint=lambda _: rng.integers(0, 256, (160, 320, 3), np.uint8),
    )
    whole = write_clip(tmp_path / "whole.mp4", noisy)
    monkeypatch.setattr(proxy, "MAX_BYTES", 200_000)
    assert proxy._options(whole, 1.0)["b:v"] == "1424000"
    monkeypatch.setattr(proxy, "MAX_BYTES", 2 * whole.stat().st_size)
    assert proxy._options(whole, 1.0)["c:v"] == "copy"
