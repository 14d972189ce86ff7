from __future__ import annotations

import errno
import io
import json
import zipfile
from collections.abc import Iterator

import numpy as np
import pytest

from pano.errors import MediaError
from pano.saliency_maps.saliency_map import SaliencyMap
from pano.sphere import Direction, cell_solid_angles_sr
from pano_jobs.maps import MapsWriter, open_maps
from tests.pipelines.first_version_maps import write_first_version

GRID = (30, 60)
# float16 keeps 11 bits.
HALF_PRECISION = 1e-3


def some_map(
    time_s: float,
    *,
    seed: int = 0,
    confidence: float = 0.25,
    level_db: float = -20.0,
    field_share: float = 0.0,
    heard_at: Direction | None = None,
) -> SaliencyMap:
    rng = np.random.default_rng(seed)
    attention = rng.random(GRID).astype(np.float32)
    return SaliencyMap.from_attention(
        attention / attention.sum(),
        rng.uniform(-1, 1, GRID).astype(np.float32),
        time_s=time_s,
        confidence=confidence,
        level_db=level_db,
        field_share=field_share,
        heard_at=heard_at,
    )


def believed(found):
    """Mix a map with the uniform one, by hand."""
    return found.confidence * found.density + (1 - found.confidence) / (4 * np.pi)


def write(path, maps, meta=None):
    with MapsWriter(path, meta=lambda: meta or {}) as writer:
        for found in maps:
            writer.write(found)


def test_numpy_reads_the_documented_arrays(tmp_path):
    maps = [some_map(0.1 * k, seed=k) for k in range(5)]
    write(tmp_path / "maps.npz", maps, {"source": "a.mp4"})
    with np.load(tmp_path / "maps.npz", allow_pickle=False) as archive:
        assert set(archive.files) == {
            "saliency",
            "response",
            "time_s",
            "confidence",
            "level_db",
            "field_share",
            "heard_yaw_deg",
            "heard_pitch_deg",
            "meta",
        }
        assert archive["saliency"].dtype == archive["response"].dtype == np.float16
        assert archive["confidence"].dtype == archive["field_share"].dtype == np.float16
        assert archive["time_s"].dtype == np.float64
        for name in ("level_db", "heard_yaw_deg", "heard_pitch_deg"):
            assert archive[name].dtype == np.float32
        assert archive["saliency"].shape == archive["response"].shape == (5, *GRID)
        assert json.loads(str(archive["meta"])) == {
            "schema": "pano.maps/3",
            "source": "a.mp4",
        }
        np.testing.assert_allclose(
            archive["response"][3], maps[3].response, atol=HALF_PRECISION
        )


def test_maps_come_back_one_by_one_with_their_level(tmp_path):
    maps = [some_map(0.1 * k, seed=k, level_db=-20.25 - k) for k in range(3)]
    write(tmp_path / "maps.npz", maps)
    for found, wanted in zip(
        open_maps(tmp_path / "maps.npz").each(), maps, strict=True
    ):
        assert (found.time_s, found.level_db) == (wanted.time_s, wanted.level_db)
        assert found.confidence == wanted.confidence
        for name in ("density", "response"):
            half = getattr(wanted, name).astype(np.float16)
            np.testing.assert_array_equal(getattr(found, name), half)


def test_what_the_sound_field_said_is_kept(tmp_path):
    places = [Direction(-179.5, -89.0), None, Direction(0.0, 0.0)]
    maps = [
        some_map(float(k), field_share=k / 2, heard_at=place)
        for k, place in enumerate(places)
    ]
    write(tmp_path / "maps.npz", maps)
    read = open_maps(tmp_path / "maps.npz")
    assert read.field_share.tolist() == [0.0, 0.5, 1.0]
    assert [found.field_share for found in read.each()] == [0.0, 0.5, 1.0]
    assert [found.heard_at for found in read.each()] == places
    with np.load(tmp_path / "maps.npz", allow_pickle=False) as archive:
        np.testing.assert_array_equal(archive["heard_yaw_deg"], [-179.5, np.nan, 0.0])
        np.testing.assert_array_equal(archive["heard_pitch_deg"], [-89.0, np.nan, 0.0])


def test_between_two_maps_the_nearer_one_tells_what_was_heard(tmp_path):
    here, there = Direction(10.0, 0.0), Direction(-170.0, 45.0)
    maps = [some_map(1.0, heard_at=here), some_map(2.0, heard_at=there)]
    write(tmp_path / "maps.npz", [*maps, some_map(3.0)])
    read = open_maps(tmp_path / "maps.npz")
    asked = [read.heard_at(time_s) for time_s in (-5.0, 1.4, 1.6, 2.0, 2.9, 9.0)]
    assert asked == [here, here, there, there, None, None]


def test_a_file_without_maps_tells_nothing(tmp_path):
    write(tmp_path / "maps.npz", [])
    read = open_maps(tmp_path / "maps.npz")
    assert (len(read), list(read.each()), read.heard_at(0.0)) == (0, [], None)


def test_a_file_of_the_second_version_is_read_without_a_field(tmp_path):
    maps = [some_map(float(k), seed=k, level_db=-20.0 - k) for k in range(3)]
    np.savez(
        tmp_path / "old.npz",
        saliency=np.array([one.density for one in maps], np.float16),
        response=np.array([one.response for one in maps], np.float16),
        time_s=np.array([one.time_s for one in maps]),
        confidence=np.array([one.confidence for one in maps], np.float16),
        level_db=np.array([one.level_db for one in maps], np.float32),
        meta=np.array('{"schema": "pano.maps/2", "source_cuts_s": [0.5]}'),
    )
    old = open_maps(tmp_path / "old.npz")
    assert (old.field_share, old.heard_yaw_deg, old.heard_pitch_deg) == (None,) * 3
    assert old.heard_at(1.0) is None
    assert old.source_cuts_s == (0.5,)
    for found, wanted in zip(old.each(), maps, strict=True):
        assert (found.time_s, found.level_db) == (wanted.time_s, wanted.level_db)
        assert (found.field_share, found.heard_at) == (0.0, None)
        half = wanted.density.astype(np.float16)
        np.testing.assert_array_equal(found.density, half)


def test_what_is_known_only_after_the_last_map_is_kept(tmp_path):
    cuts_s: list[float] = []
    with MapsWriter(
        tmp_path / "maps.npz", meta=lambda: {"source_cuts_s": cuts_s}
    ) as writer:
        writer.write(some_map(0.0))
        cuts_s.append(0.1)
    assert open_maps(tmp_path / "maps.npz").source_cuts_s == (0.1,)


def test_a_file_of_the_first_version_is_read_without_its_level(tmp_path):
    maps = [some_map(float(k), seed=k) for k in range(3)]
    write_first_version(tmp_path / "old.npz", maps)
    old = open_maps(tmp_path / "old.npz")
    assert (old.level_db, old.field_share, old.heard_at(1.0)) == (None, None, None)
    assert old.source_cuts_s == ()
    np.testing.assert_allclose(
        old.belief_at(1.0), believed(maps[1]), rtol=HALF_PRECISION
    )


def test_a_file_of_a_later_version_is_refused_in_a_sentence(tmp_path):
    write(tmp_path / "new.npz", [some_map(0.0)], {"schema": "pano.maps/4"})
    with pytest.raises(MediaError, match=r"new\.npz has schema pano\.maps/4"):
        open_maps(tmp_path / "new.npz")


def test_each_map_read_back_sums_to_one_over_solid_angle(tmp_path):
    write(tmp_path / "maps.npz", [some_map(float(k), seed=k) for k in range(3)])
    saliency = open_maps(tmp_path / "maps.npz").saliency.astype(np.float64)
    masses = (saliency * cell_solid_angles_sr(*GRID)).sum(axis=(1, 2))
    np.testing.assert_allclose(masses, 1.0, atol=HALF_PRECISION)


def test_maps_are_mapped_into_memory_instead_of_read(tmp_path):
    write(tmp_path / "maps.npz", [some_map(float(k)) for k in range(3)])
    assert isinstance(open_maps(tmp_path / "maps.npz").saliency, np.memmap)


def test_between_two_maps_lies_their_mixture(tmp_path):
    first, second = some_map(1.0, seed=1), some_map(2.0, seed=2)
    write(tmp_path / "maps.npz", [first, second])
    between = open_maps(tmp_path / "maps.npz").belief_at(1.25)
    np.testing.assert_allclose(
        between, 0.75 * believed(first) + 0.25 * believed(second), rtol=HALF_PRECISION
    )


def test_a_map_is_believed_as_far_as_it_is_sure(tmp_path):
    maps = [some_map(float(k), confidence=k / 4) for k in range(5)]
    write(tmp_path / "maps.npz", maps)
    read = open_maps(tmp_path / "maps.npz")
    nothing, *_, everything = (read.belief_at(float(k)) for k in range(5))
    np.testing.assert_allclose(nothing, 1.0 / (4.0 * np.pi), rtol=1e-6)
    np.testing.assert_allclose(everything, maps[-1].density, rtol=HALF_PRECISION)
    spread = [np.ptp(read.belief_at(float(k))) for k in range(5)]
    np.testing.assert_allclose(np.diff(spread), spread[-1] / 4, rtol=1e-3)


@pytest.mark.parametrize(("time_s", "seed"), [(-5.0, 1), (1.0, 1), (2.0, 2), (9.0, 2)])
def test_before_the_first_and_after_the_last_map_the_nearest_holds(
    tmp_path, time_s, seed
):
    write(tmp_path / "maps.npz", [some_map(1.0, seed=1), some_map(2.0, seed=2)])
    held = open_maps(tmp_path / "maps.npz").belief_at(time_s)
    np.testing.assert_allclose(
        held, believed(some_map(0.0, seed=seed)), rtol=HALF_PRECISION
    )


def interrupted() -> Iterator[SaliencyMap]:
    yield some_map(0.0)
    raise KeyboardInterrupt


def test_an_interrupted_writer_leaves_nothing(tmp_path):
    with pytest.raises(KeyboardInterrupt):
        write(tmp_path / "maps.npz", interrupted())
    assert list(tmp_path.iterdir()) == []


class FullDisk(io.RawIOBase):
    def writable(self) -> bool:
        return True

    def write(self, _: object) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")


def write_until_full(target) -> None:
    with MapsWriter(target, meta=dict) as writer:
        writer._raw["saliency"].close()
        writer._raw["saliency"] = io.BufferedWriter(FullDisk(), buffer_size=1)
        writer.write(some_map(0.0))


def test_a_disk_that_fills_up_is_named_and_left_empty(tmp_path):
    with pytest.raises(MediaError, match=r"the disk is full: .*maps\.npz"):
        write_until_full(tmp_path / "maps.npz")
    assert list(tmp_path.iterdir()) == []


def test_maps_of_two_shapes_are_refused(tmp_path):
    small = SaliencyMap.from_attention(
        np.full((2, 4), 1 / 8),
        np.zeros((2, 4)),
        time_s=1.0,
        confidence=0.0,
        level_db=0.0,
    )
    with pytest.raises(ValueError, match="keep their shape"):
        write(tmp_path / "maps.npz", [some_map(0.0), small])


def spoilt(path, name, change):
    """Write maps and change one of their arrays in the file."""
    write(path, [some_map(0.1 * k, seed=k) for k in range(3)])
    with np.load(path, allow_pickle=False) as archive:
        arrays = {key: archive[key] for key in archive.files}
    arrays[name] = change(arrays[name])
    np.savez(path, **arrays)
    return path


def with_second(value):
    def change(array):
        array[1] = value
        return array

    return change


@pytest.mark.parametrize(
    ("name", "change", "words"),
    [
        ("time_s", with_second(np.nan), "time_s does not rise"),
        ("time_s", with_second(0.0), "time_s does not rise"),
        ("time_s", with_second(1e300), "time_s does not rise"),
        ("confidence", with_second(3.0), r"confidence is not in \[0, 1\]"),
        ("field_share", with_second(-1.0), r"field_share is not in \[0, 1\]"),
        ("level_db", with_second(np.nan), "level_db is not a number"),
        ("heard_pitch_deg", with_second(500.0), "heard_pitch_deg is beyond ±90°"),
        ("heard_yaw_deg", with_second(np.inf), "heard_yaw_deg is beyond ±360°"),
        ("confidence", lambda array: array[:2], "confidence has the shape"),
        ("saliency", lambda array: array[..., 0], "response has the shape"),
    ],
)
def test_values_that_no_map_has_are_refused_by_name(tmp_path, name, change, words):
    path = spoilt(tmp_path / "maps.npz", name, change)
    with pytest.raises(MediaError, match=rf"maps\.npz is damaged: .*({words})"):
        open_maps(path)


def test_a_map_that_is_no_distribution_is_refused_by_its_number(tmp_path):
    path = spoilt(tmp_path / "maps.npz", "saliency", with_second(np.inf))
    with (
        np.errstate(invalid="ignore", over="ignore"),
        pytest.raises(MediaError, match=r"maps\.npz is damaged: its map 1 is none"),
    ):
        list(open_maps(path).each())


@pytest.mark.parametrize(
    ("meta", "words"),
    [
        ({"source_cuts_s": "soon"}, "source_cuts_s is no list of times"),
        ({"source_cuts_s": [1.0, None]}, "source_cuts_s is no list of times"),
        ({"notes": [3]}, "notes are no list of sentences"),
        ({"settings": []}, "settings are no object"),
        ({"settings": {"sound": "loud"}}, r"settings\.sound is no object"),
    ],
)
def test_a_description_of_another_form_is_refused(tmp_path, meta, words):
    write(tmp_path / "maps.npz", [some_map(0.0)], meta)
    with pytest.raises(MediaError, match=words):
        open_maps(tmp_path / "maps.npz")


def test_another_file_is_refused_in_a_sentence(tmp_path):
    (tmp_path / "text.npz").write_text("not a zip")
    with zipfile.ZipFile(tmp_path / "other.npz", "w") as archive:
        archive.writestr("a.npy", b"")
    for name in ("text.npz", "other.npz", "missing.npz"):
        with pytest.raises(MediaError, match=rf"{name} is not a file of maps"):
            open_maps(tmp_path / name)
