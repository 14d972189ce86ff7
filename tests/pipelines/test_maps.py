from __future__ import annotations

import json
import zipfile
from collections.abc import Iterator

import numpy as np
import pytest

from pano.errors import MediaError
from pano.saliency_maps.saliency_map import SaliencyMap
from pano.sphere import cell_solid_angles_sr
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
) -> SaliencyMap:
    rng = np.random.default_rng(seed)
    attention = rng.random(GRID).astype(np.float32)
    return SaliencyMap.from_attention(
        attention / attention.sum(),
        rng.uniform(-1, 1, GRID).astype(np.float32),
        time_s=time_s,
        confidence=confidence,
        level_db=level_db,
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
            "meta",
        }
        assert archive["saliency"].dtype == archive["response"].dtype == np.float16
        assert archive["confidence"].dtype == np.float16
        assert archive["time_s"].dtype == np.float64
        assert archive["level_db"].dtype == np.float32
        assert archive["saliency"].shape == archive["response"].shape == (5, *GRID)
        assert json.loads(str(archive["meta"])) == {
            "schema": "pano.maps/2",
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
    assert old.level_db is None
    assert old.source_cuts_s == ()
    np.testing.assert_allclose(
        old.belief_at(1.0), believed(maps[1]), rtol=HALF_PRECISION
    )


def test_a_file_of_a_later_version_is_refused_in_a_sentence(tmp_path):
    write(tmp_path / "new.npz", [some_map(0.0)], {"schema": "pano.maps/3"})
    with pytest.raises(MediaError, match=r"new\.npz has schema pano\.maps/3"):
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


def test_another_file_is_refused_in_a_sentence(tmp_path):
    (tmp_path / "text.npz").write_text("not a zip")
    with zipfile.ZipFile(tmp_path / "other.npz", "w") as archive:
        archive.writestr("a.npy", b"")
    for name in ("text.npz", "other.npz", "missing.npz"):
        with pytest.raises(MediaError, match=rf"{name} is not a file of maps"):
            open_maps(tmp_path / name)
