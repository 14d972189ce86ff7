import math
import struct
from pathlib import Path

import numpy as np
import pytest

from pano.camera.horizon import Tilt
from pano.media.cameras.chapters import joined_chapters
from pano.media.telemetry import Sensor, Telemetry, packets, read_telemetry
from pano.media.telemetry.camm import read_camm
from pano.media.telemetry.gpmf import read_gpmf
from pano.media.telemetry.gravity import mean_gravity
from tests.synthetic import Clip, write_clip
from tests.telemetry_files import (
    TINY,
    accelerometer_stream,
    camm_packet,
    gpmf_packet,
    gravity,
    gravity_stream,
    klv,
    nest,
    turn_rad,
    up_in_camera,
    write_telemetry,
)

TILTS = [(10.0, 0.0), (-10.0, 0.0), (0.0, 10.0), (0.0, -10.0), (25.0, -40.0)]
SIN, COS = math.sin(math.radians(10.0)), math.cos(math.radians(10.0))
G = 9.81
# GPMF's gravity is stored in 15 bits and an accelerometer in 417 steps a m/s².
ROUNDING_DEG = 0.02


def tilt_of(telemetry: Telemetry) -> Tilt:
    assert telemetry.gravity is not None, telemetry.fault
    return Tilt.from_up(telemetry.gravity.up)


def assert_tilted(found: Tilt, roll_deg: float, pitch_deg: float) -> None:
    assert found.roll_deg == pytest.approx(roll_deg, abs=ROUNDING_DEG)
    assert found.pitch_deg == pytest.approx(pitch_deg, abs=ROUNDING_DEG)


def tilt_of_gpmf(*streams: bytes) -> Tilt:
    return Tilt.from_up(mean_gravity(read_gpmf([gpmf_packet(*streams)]).readings[0]).up)


def tilt_of_camm(kind: int, values: list[float]) -> Tilt:
    readings = read_camm([camm_packet(kind, values)] * 5).readings[0]
    return Tilt.from_up(mean_gravity(readings).up)


# Rolled clockwise gravity pulls to the right, pitched up it pulls backwards.
@pytest.mark.parametrize(
    ("vector", "roll_deg", "pitch_deg"),
    [
        ((0.0, 1.0, 0.0), 0.0, 0.0),
        ((SIN, COS, 0.0), 10.0, 0.0),
        ((-SIN, COS, 0.0), -10.0, 0.0),
        ((0.0, COS, -SIN), 0.0, 10.0),
        ((0.0, COS, SIN), 0.0, -10.0),
        ((1.0, 0.0, 0.0), 90.0, 0.0),
    ],
)
def test_gpmf_gravity_is_right_down_ahead(vector, roll_deg, pitch_deg) -> None:
    assert_tilted(
        tilt_of_gpmf(gravity_stream(np.array([vector] * 5))), roll_deg, pitch_deg
    )


# ORIN says which axis of x right, y back, z up each number is.
@pytest.mark.parametrize(
    ("order", "at_rest"),
    [
        (b"ZXY", (G * COS, -G * SIN, 0.0)),
        (b"zxY", (-G * COS, G * SIN, 0.0)),
        (b"YxZ", (0.0, G * SIN, G * COS)),
    ],
)
def test_the_axes_of_gpmf_acceleration_are_sorted(order, at_rest) -> None:
    stream = accelerometer_stream(np.array([at_rest] * 50), order=order)
    assert_tilted(tilt_of_gpmf(stream), 10.0, 0.0)


def test_gpmf_acceleration_backwards_is_a_pitch_down() -> None:
    # The y axis points back; tilted down ahead it also points up.
    stream = accelerometer_stream(
        np.array([(G * COS, 0.0, G * SIN)] * 50), order=b"ZXY"
    )
    assert_tilted(tilt_of_gpmf(stream), 0.0, -10.0)


def test_gpmf_acceleration_without_its_order_is_not_read() -> None:
    stream = accelerometer_stream(np.array([(G, 0.0, 0.0)] * 50), order=b"ZXY")
    nameless = stream.replace(b"ORIN", b"RMRK")
    harvest = read_gpmf([gpmf_packet(nameless)])
    assert (harvest.readings, harvest.n_broken) == ((), 0)


@pytest.mark.parametrize(
    ("turn_deg", "roll_deg", "pitch_deg"),
    [
        ((0.0, 0.0, 0.0), 0.0, 0.0),
        ((0.0, 0.0, 10.0), 10.0, 0.0),
        ((0.0, 0.0, -10.0), -10.0, 0.0),
        ((10.0, 0.0, 0.0), 0.0, 10.0),
        ((-10.0, 0.0, 0.0), 0.0, -10.0),
        ((0.0, 70.0, 0.0), 0.0, 0.0),
    ],
)
def test_camm_turns_about_right_down_and_ahead(turn_deg, roll_deg, pitch_deg) -> None:
    found = tilt_of_camm(0, [math.radians(angle) for angle in turn_deg])
    assert_tilted(found, roll_deg, pitch_deg)


@pytest.mark.parametrize(
    ("at_rest", "roll_deg", "pitch_deg"),
    [
        ((0.0, -G, 0.0), 0.0, 0.0),
        ((-G * SIN, -G * COS, 0.0), 10.0, 0.0),
        ((0.0, -G * COS, G * SIN), 0.0, 10.0),
    ],
)
def test_camm_acceleration_at_rest_points_up(at_rest, roll_deg, pitch_deg) -> None:
    assert_tilted(tilt_of_camm(3, at_rest), roll_deg, pitch_deg)


@pytest.mark.parametrize(("roll_deg", "pitch_deg"), TILTS)
@pytest.mark.parametrize("kind", ["gpmd", "camm"])
def test_the_tilt_of_a_camera_is_read_from_a_file(
    tmp_path: Path, kind: str, roll_deg: float, pitch_deg: float
) -> None:
    if kind == "gpmd":
        vectors = np.tile(gravity(roll_deg, pitch_deg), (30, 1))
        content = [gpmf_packet(gravity_stream(vectors))] * 4
    else:
        content = [camm_packet(0, turn_rad(roll_deg, pitch_deg))] * 120
    telemetry = read_telemetry(write_telemetry(tmp_path / "a.mp4", kind, content))
    assert_tilted(tilt_of(telemetry), roll_deg, pitch_deg)
    assert telemetry.gravity is not None
    assert telemetry.gravity.n_samples == 120
    assert telemetry.gravity.scatter_deg == pytest.approx(0.0, abs=ROUNDING_DEG)


def test_the_sensors_of_all_chapters_are_read(tmp_path: Path) -> None:
    chapters = [
        write_telemetry(
            tmp_path / f"{k}.mp4", "camm", [camm_packet(0, turn_rad(roll_deg, 0.0))] * 6
        )
        for k, roll_deg in enumerate((10.0, 12.0))
    ]
    with joined_chapters(chapters) as listed:
        telemetry = read_telemetry(listed)
    assert_tilted(tilt_of(telemetry), 11.0, 0.0)
    assert telemetry.gravity is not None
    assert telemetry.gravity.n_samples == 12


def test_a_camm_track_of_its_own_handler_is_found(tmp_path: Path) -> None:
    content = [camm_packet(0, turn_rad(10.0, 0.0))] * 5
    path = write_telemetry(tmp_path / "a.mp4", "camm", content, handler=b"camm")
    assert_tilted(tilt_of(read_telemetry(path)), 10.0, 0.0)


def test_orientation_goes_before_acceleration(tmp_path: Path) -> None:
    content = [camm_packet(3, [0, -G, 0]), camm_packet(0, turn_rad(10.0, 0.0))] * 5
    path = write_telemetry(tmp_path / "a.mp4", "camm", content)
    telemetry = read_telemetry(path)
    assert telemetry.gravity is not None
    assert telemetry.gravity.sensor is Sensor.CAMM_ORIENTATION


def test_a_long_track_is_read_in_runs_over_all_of_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Sensors alternate: every second packet alone would be of one of them.
    monkeypatch.setattr(packets, "_MAX_PACKETS", 128)
    content = [camm_packet(2, [0, 0, 0]), camm_packet(0, turn_rad(10.0, 0.0))] * 256
    path = write_telemetry(tmp_path / "a.mp4", "camm", content)
    track_id = packets.telemetry_tracks(path)["camm"]
    assert len(list(packets.read_packets(path, track_id))) == 128
    telemetry = read_telemetry(path)
    assert telemetry.gravity is not None
    assert telemetry.gravity.n_samples == 64


def test_the_scatter_is_the_angle_of_the_sway(tmp_path: Path) -> None:
    vectors = np.stack([gravity(roll, 0.0) for roll in [-4.0, 4.0] * 20])
    content = [gpmf_packet(gravity_stream(vectors))]
    telemetry = read_telemetry(write_telemetry(tmp_path / "a.mp4", "gpmd", content))
    assert_tilted(tilt_of(telemetry), 0.0, 0.0)
    assert telemetry.gravity is not None
    assert telemetry.gravity.scatter_deg == pytest.approx(4.0, abs=ROUNDING_DEG)


def test_an_accelerometer_may_shake_but_not_turn(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    shaken = G * up_in_camera(10.0, 0.0) * [1, -1, 1] + rng.normal(0, 2, (6400, 3))
    turned = np.concatenate([np.tile((G * SIN, -G * COS, 0), (3200, 1)), shaken[:3200]])
    scatters_deg = []
    for vectors in (shaken, turned):
        found = read_camm([camm_packet(3, vector) for vector in vectors])
        scatters_deg.append(mean_gravity(found.readings[0]).scatter_deg)
    assert scatters_deg[0] < 2.0
    assert scatters_deg[1] == pytest.approx(10.0, abs=1.0)


@pytest.mark.parametrize("length", [8.0, 12.0])
def test_an_accelerometer_that_reads_another_weight_is_refused(
    tmp_path: Path, length: float
) -> None:
    content = [camm_packet(3, [0.0, -length, 0.0])] * 9
    telemetry = read_telemetry(write_telemetry(tmp_path / "a.mp4", "camm", content))
    assert telemetry.gravity is None
    assert f"{length:.2f} m/s²" in str(telemetry.fault)


UPRIGHT = np.tile([0.0, 1.0, 0.0], (8, 1))
GOOD = gpmf_packet(gravity_stream(UPRIGHT))


@pytest.mark.parametrize(
    ("kind", "packet"),
    [
        pytest.param("gpmd", GOOD[:-5], id="cut short"),
        pytest.param("gpmd", GOOD.replace(b"DEVC", b"DEAD"), id="no device"),
        pytest.param("gpmd", b"\xff" * 64, id="rubbish"),
        pytest.param("gpmd", gpmf_packet(gravity_stream(0.0 * UPRIGHT)), id="zeros"),
        pytest.param(
            "gpmd", gpmf_packet(gravity_stream(UPRIGHT, scale=0)), id="scale of none"
        ),
        pytest.param(
            "gpmd", gpmf_packet(gravity_stream(UPRIGHT, scale=7)), id="absurd scale"
        ),
        pytest.param(
            "gpmd",
            gpmf_packet(nest(b"STRM", klv(b"GRAV", "f", 12, b"\x7f\xc0\0\0" * 24))),
            id="not numbers",
        ),
        pytest.param(
            "gpmd",
            gpmf_packet(
                nest(
                    b"STRM",
                    klv(b"SCAL", "d", 8, struct.pack(">d", 1e-308)),
                    klv(b"GRAV", "d", 24, struct.pack(">d", 1e300) * 9),
                )
            ),
            id="overflow",
        ),
        pytest.param(
            "gpmd",
            gpmf_packet(nest(b"STRM", klv(b"GRAV", "s", 4, bytes(range(8))))),
            id="two numbers",
        ),
        pytest.param(
            "gpmd",
            gpmf_packet(nest(b"STRM", klv(b"GRAV", "c", 6, b"abcdef"))),
            id="letters",
        ),
        pytest.param(
            "gpmd",
            gpmf_packet(accelerometer_stream(G * UPRIGHT, order=b"XXY")),
            id="axes twice",
        ),
        pytest.param("camm", b"\0\0", id="no type"),
        pytest.param("camm", camm_packet(0, [0, 0, 0])[:-1], id="cut"),
        pytest.param("camm", camm_packet(0, [math.nan, 0, 0]), id="nan"),
        pytest.param("camm", camm_packet(0, [math.inf, 0, 0]), id="inf"),
        pytest.param("camm", camm_packet(0, [1e30, 0, 0]), id="absurd turn"),
        pytest.param("camm", camm_packet(3, [1e30, 0, 0]), id="absurd force"),
        pytest.param("camm", camm_packet(3, [0, 0, 0]), id="free fall"),
    ],
)
def test_a_broken_track_is_a_fault_and_no_error(
    tmp_path: Path, kind: str, packet: bytes
) -> None:
    path = write_telemetry(tmp_path / "a.mp4", kind, [packet] * 8)
    telemetry = read_telemetry(path)
    assert telemetry.gravity is None
    assert telemetry.fault is not None


def test_some_broken_packets_in_many_are_passed_over(tmp_path: Path) -> None:
    content = [camm_packet(0, turn_rad(10.0, 0.0))] * 38
    content += [camm_packet(0, [math.nan, 0, 0]), b"\0\0"]
    path = write_telemetry(tmp_path / "a.mp4", "camm", content)
    assert_tilted(tilt_of(read_telemetry(path)), 10.0, 0.0)


@pytest.mark.parametrize("kind", ["rtmd", "mett"])
def test_other_data_tracks_are_no_sensors(tmp_path: Path, kind: str) -> None:
    path = write_telemetry(tmp_path / "a.mp4", kind, [b"some data"] * 3)
    assert read_telemetry(path) == Telemetry()


def test_a_camera_without_inertial_sensors_has_no_fault(tmp_path: Path) -> None:
    content = [struct.pack("<HH3d", 0, 5, 50.0, 30.0, 100.0)] * 4
    path = write_telemetry(tmp_path / "a.mp4", "camm", content)
    assert read_telemetry(path) == Telemetry()


def test_a_clip_without_data_tracks_has_no_sensors(tmp_path: Path) -> None:
    assert read_telemetry(write_clip(tmp_path / "a.mp4", TINY)) == Telemetry()


def test_packets_that_are_not_in_the_file_any_more_are_broken(tmp_path: Path) -> None:
    path = write_telemetry(
        tmp_path / "a.mp4",
        "gpmd",
        [GOOD] * 8,
        clip=Clip(n_pictures=2, movflags="faststart"),
    )
    whole = path.read_bytes()
    path.write_bytes(whole[: whole.rindex(GOOD) - 3 * len(GOOD)])
    assert "packets of the track gpmd cannot be read" in str(read_telemetry(path).fault)
