"""Films of HDR and 10-bit sources: codes, tags, tone mapping and refusals."""

from __future__ import annotations

import dataclasses
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from av.video.frame import VideoFrame

from pano.equirect.planes import HLG, PQ, Light, Planes
from pano.errors import SettingsError
from pano.media import (
    ENCODERS,
    MediaWriter,
    StereoLayout,
    open_media,
    probe,
    rgb_to_planes,
)
from pano.media.colour.read_signal import signal_of
from pano.media.colour.signal import VideoSignal
from pano.media.pictures import EquirectConverter
from pano.media.writing.film import FilmConverter, options_of, plan_film
from tests.pano.media.colour.hdr_clips import (
    HEIGHT_PX,
    WIDTH_PX,
    first_picture,
    luma_codes,
    middles,
    pq_codes,
    rows,
    write_steps,
)

NIT = np.array([0.0, 5.0, 26.0, 100.0, 203.0, 400.0, 1000.0, 4000.0])
HLG_SIGNAL = np.array([0.0, 0.1, 0.25, 0.38, 0.5, 0.75, 0.9, 1.0])
RAMPS = {PQ: pq_codes(NIT), HLG: luma_codes(HLG_SIGNAL)}
WHITE_STEP = {PQ: 4, HLG: 5}
LEAST_WHITE, SDR_BLACK = 190, 16
BT2020 = 9


def film(source: Path, target: Path, encoder: str, **settings) -> MediaWriter:
    """Copy a clip's planes into a film."""
    with open_media(source) as media:
        writer = MediaWriter(
            target,
            width_px=WIDTH_PX,
            height_px=HEIGHT_PX,
            frame_rate=media.info.average_frame_rate,
            time_base=media.info.time_base,
            source_signal=media.info.signal,
            encoder=encoder,
            **settings,
        )
        with writer:
            for frame in media.planar_frames():
                writer.write_planes(frame.planes, frame.pts)
    return writer


def luma_of(path: Path) -> np.ndarray:
    picture = first_picture(path)
    plane = picture.planes[0]
    if picture.format.components[0].bits > 8:
        return rows(plane)
    return np.asarray(memoryview(plane)).reshape(plane.height, -1)[:, : plane.width]


@pytest.fixture(scope="module", params=[PQ, HLG], ids=["pq", "hlg"])
def hdr(request, tmp_path_factory):
    path = tmp_path_factory.mktemp("hdr") / "clip.mp4"
    return request.param, write_steps(path, RAMPS[request.param], request.param)


@pytest.mark.parametrize(
    ("encoder", "name"), [("libx265", "film.mp4"), ("prores_ks", "film.mov")]
)
def test_encoders_of_10_bits_keep_codes_and_tags(hdr, tmp_path, encoder, name):
    transfer, clip = hdr
    target = tmp_path / name
    quality = {"quality": 0, "preset": "ultrafast"} if encoder == "libx265" else {}
    writer = film(clip, target, encoder, **quality)
    off = np.array(middles(luma_of(target))) - RAMPS[transfer]
    assert np.abs(off).max() <= 1
    signal = probe(target).signal
    assert signal.words() == probe(clip).signal.words()
    assert (signal.primaries, signal.transfer, signal.matrix) == (9, transfer, 9)
    assert writer.film.notes == ()


def test_the_boxes_of_mp4_tell_the_light_levels(hdr, tmp_path):
    film(hdr[1], tmp_path / "film.mp4", "libx265", preset="ultrafast")
    data = (tmp_path / "film.mp4").read_bytes()
    at = data.index(b"mdcv")
    numbers = np.frombuffer(data[at + 4 : at + 20], ">u2").tolist()
    assert numbers == [13250, 34500, 7500, 3000, 34000, 16000, 15635, 16450]
    assert np.frombuffer(data[at + 20 : at + 28], ">u4").tolist() == [10_000_000, 50]
    levels = data[data.index(b"clli") + 4 :][:4]
    assert np.frombuffer(levels, ">u2").tolist() == [1000, 400]


def test_the_default_encoder_gets_an_ordinary_picture_and_a_note(hdr, tmp_path):
    transfer, clip = hdr
    writer = film(clip, tmp_path / "film.mp4", "libx264")
    luma = middles(luma_of(tmp_path / "film.mp4"))
    assert abs(luma[0] - SDR_BLACK) <= 1
    assert luma == sorted(luma)
    assert luma[WHITE_STEP[transfer]] >= LEAST_WHITE
    info = probe(tmp_path / "film.mp4")
    assert (info.pixel_format, info.signal.words()) == ("yuv420p", "SDR")
    assert info.signal.matrix == info.signal.primaries == 1
    assert b"mdcv" not in (tmp_path / "film.mp4").read_bytes()
    (note,) = writer.film.notes
    assert "tone-mapped to SDR" in note


def test_sdr_on_request_has_10_bits_where_they_are_usual(hdr, tmp_path):
    writer = film(
        hdr[1], tmp_path / "f.mp4", "libx265", dynamic_range="sdr", preset="ultrafast"
    )
    info = probe(tmp_path / "f.mp4")
    assert (info.pixel_format, info.signal.transfer) == ("yuv420p10le", 1)
    assert writer.film.notes == ()


def test_h264_keeps_hdr_on_request(hdr, tmp_path):
    transfer, clip = hdr
    film(clip, tmp_path / "film.mp4", "libx264", dynamic_range="source")
    info = probe(tmp_path / "film.mp4")
    assert (info.pixel_format, info.signal.transfer) == ("yuv420p10le", transfer)
    assert info.signal.max_cll_nit == 1000


def test_frames_for_eyes_and_networks_are_ordinary_pictures(hdr):
    transfer, clip = hdr
    with open_media(clip) as media:
        full = next(iter(media.frames())).image
        small = next(iter(media.analysis_frames())).image
    assert full.dtype == small.dtype == np.uint8
    white = WHITE_STEP[transfer]
    assert middles(full[..., 1])[white] >= 200
    column = round((white + 0.5) / 8 * small.shape[1])
    assert small[240, column].min() >= 200


def test_a_clip_that_stands_on_its_head_stays_hdr(tmp_path):
    clip = write_steps(tmp_path / "clip.mp4", RAMPS[PQ], PQ)
    info = dataclasses.replace(probe(clip), rotation_deg=180)
    planes = EquirectConverter(info, StereoLayout.MONO).planes(first_picture(clip))
    off = np.array(middles(planes.y))[::-1].astype(int) - RAMPS[PQ]
    assert np.abs(off).max() <= 1
    assert (planes.light.transfer, planes.matrix) == (PQ, BT2020)


def test_hdr_of_8_bits_stays_hdr_on_its_head(tmp_path):
    hdr_clip = write_steps(tmp_path / "clip.mp4", RAMPS[HLG], HLG)
    picture = VideoFrame(64, 32, "yuv420p")
    picture.color_trc, picture.color_primaries, picture.colorspace = HLG, 9, 9
    info = dataclasses.replace(
        probe(hdr_clip), width_px=64, height_px=32, rotation_deg=180
    )
    info = dataclasses.replace(info, signal=signal_of(picture))
    planes = EquirectConverter(info, StereoLayout.MONO).planes(picture)
    assert (planes.light.transfer, planes.bit_depth) == (HLG, 10)


def test_sdr_of_10_bits_keeps_them_and_its_tags(tmp_path):
    codes = (luma_codes(np.linspace(0.0, 1.0, 8)) | 1).astype(np.uint16)
    clip = write_steps(tmp_path / "clip.mp4", codes, 14, levels="crf=0")
    film(clip, tmp_path / "f.mp4", "libx265", quality=0, preset="ultrafast")
    off = np.array(middles(luma_of(tmp_path / "f.mp4"))).astype(int) - codes
    assert np.abs(off).max() <= 1
    signal = probe(tmp_path / "f.mp4").signal
    assert (signal.primaries, signal.transfer, signal.matrix) == (9, 14, 9)


def test_planes_of_8_bits_reach_the_encoder_untouched():
    image = np.random.default_rng(1).integers(0, 255, (32, 64, 3)).astype(np.uint8)
    planes = rgb_to_planes(image)
    picture = FilmConverter(plan_film("libx264", VideoSignal())).of_planes(planes)
    whole = picture.to_ndarray()
    assert picture.format.name == "yuv420p"
    assert np.array_equal(whole[:32], planes.y)
    assert np.array_equal(whole[32:40].reshape(16, 32), planes.u)


@pytest.mark.parametrize("encoder", ["libx264", "libx265"])
def test_a_source_of_8_bits_makes_a_film_of_8_bits(encoder):
    film = plan_film(encoder, VideoSignal(matrix=6, is_full_range=True))
    assert film.pixel_format == "yuv420p"
    assert film.signal == VideoSignal()


def test_hardware_of_10_bits_gets_its_own_pixel_format():
    source = VideoSignal(bit_depth=10, transfer=PQ, primaries=9, matrix=9)
    for name in ("hevc_nvenc", "av1_nvenc", "hevc_qsv", "hevc_amf"):
        film = plan_film(name, source)
        assert (film.pixel_format, film.signal.transfer) == ("p010le", PQ)
    grey = np.full((16, 32), 512, np.uint16)
    planes = Planes(
        np.full((32, 64), 700, np.uint16),
        grey,
        grey,
        matrix=9,
        light=Light(PQ, 9, 1000.0),
    )
    picture = FilmConverter(plan_film("hevc_nvenc", source), source).of_planes(planes)
    assert np.asarray(memoryview(picture.planes[0])).view(np.uint16)[0] == 700 << 6


def test_hdr_of_8_bits_is_kept_in_10():
    film = plan_film("libx265", VideoSignal(transfer=HLG, primaries=9, matrix=9))
    assert (film.pixel_format, film.signal.transfer) == ("yuv420p10le", HLG)


def test_the_note_promises_only_what_the_encoder_can():
    source = VideoSignal(bit_depth=10, transfer=PQ)
    (of_x264,), (of_nvenc,) = (
        plan_film(name, source).notes for name in ("libx264", "h264_nvenc")
    )
    assert "--dynamic-range source" in of_x264
    assert "--dynamic-range source" not in of_nvenc


def test_8_bits_are_refused_where_hdr_is_to_be_kept(tmp_path):
    for name in ("h264_nvenc", "h264_qsv", "h264_amf"):
        with pytest.raises(SettingsError, match=r"8 bits.*libx265"):
            plan_film(name, VideoSignal(bit_depth=10, transfer=PQ), "source")


def test_prores_belongs_into_mov(tmp_path):
    with pytest.raises(SettingsError, match=r"film\.mp4; end it in \.mov"):
        MediaWriter(
            tmp_path / "film.mp4",
            width_px=64,
            height_px=32,
            frame_rate=None,
            time_base=Fraction(1, 30),
            encoder="prores_ks",
        )


def test_x265_keeps_its_own_parameters_beside_the_light_levels():
    source = VideoSignal(
        bit_depth=10, transfer=PQ, primaries=9, matrix=9, max_cll_nit=1000
    )
    options = options_of(plan_film("libx265", source), "libx265", None, None)
    assert options["x265-params"] == "log-level=error:max-cll=1000,0"
    assert "x264-params" not in options_of(plan_film("libx264"), "libx264", None, None)
    assert ENCODERS["prores_ks"].settings(None, None)["profile"] == "hq"
