"""What the benchmark of the localizer computes, on answers whose score is known."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
from scipy.io import wavfile

from pano_jobs.datasets.kinds import APES
from pano_jobs.datasets.material import (
    BoxedPhotograph,
    Material,
    PieceSource,
    SoundSource,
)
from soundloc.inference.localizer import Localization
from tests.benchmarks.localizer.clips import compare_pairs, score_matrix
from tests.benchmarks.localizer.composed import Denied, Pointed, all_right, kept_figure
from tests.benchmarks.localizer.confidence import found_error, own_against
from tests.benchmarks.localizer.listening import Listener
from tests.benchmarks.localizer.photographs import boxes_by_kind
from tests.benchmarks.localizer.pieces import is_unfamiliar, kinds_shown
from tests.benchmarks.localizer.places import covered, highest, hits
from tests.benchmarks.localizer.scenes import SceneMaker
from tests.benchmarks.localizer.sheets import Sheet
from tests.benchmarks.localizer.spheres import (
    Place,
    known_at,
    moments,
    peak_direction,
    read_place,
)
from tests.benchmarks.localizer.table import Figure, Section, mean, write_json

KINDS = ("dog", "siren", "guitar", "frog", "keyboard")
OVER_THE_SEAM = Place("face", 1.0, 1.0, 150.0, -167.0, -55.0, -24.0, False)


def peak_at(x: int, y: int) -> np.ndarray:
    response = np.zeros((30, 60), np.float32)
    response[y, x] = 1.0
    return response


def pointed(scene: int, hit: float, confidence: float = 0.5) -> Pointed:
    return Pointed(scene, "dog", False, 60.0, hit, hit, 0.0, 0.0, 0.01, confidence)


def material_of_noise(folder: Path) -> Material:
    """Make test and train pictures and sounds of five kinds, and one panorama."""
    rng = np.random.default_rng(0)
    pieces, sounds = [], []
    for number, kind in enumerate(KINDS):
        picture, sound = folder / f"caltech101__{kind}.png", folder / f"{kind}.wav"
        color = np.full((40, 50, 3), 40 + 40 * number, np.uint8)
        cv2.imwrite(str(picture), color)
        wavfile.write(sound, 22_050, np.int16(9_000 * rng.standard_normal(5_000)))
        for split in ("train", "test"):
            pieces.append(PieceSource(picture, kind, split, f"{split}-{kind}"))
            sounds.append(SoundSource(sound, kind, split, f"{split}-{kind}"))
    extra = folder / "extra.png"
    cv2.imwrite(str(extra), np.zeros((30, 30, 3), np.uint8))
    pieces.append(PieceSource(extra, None, "test", "extra"))
    panorama = folder / "town.png"
    noise = rng.integers(0, 255, (120, 240, 3)).astype(np.uint8)
    cv2.imwrite(str(panorama), noise)
    return Material(tuple(pieces), tuple(sounds), ((panorama, "test"),), ())


@pytest.fixture
def maker(tmp_path: Path) -> SceneMaker:
    # Scenes are made without asking anyone about them.
    return SceneMaker(Listener(None, material_of_noise(tmp_path)))


def test_the_peak_is_looked_for_in_every_object() -> None:
    left, right = [(0.0, 0.2, 0.3, 0.8)], [(0.5, 0.2, 0.8, 0.8)]
    assert hits(peak_at(40, 15), [left, right], wrap=True).tolist() == [0.0, 1.0]
    assert highest(peak_at(40, 15), [left, right], wrap=True) == 1


def test_an_object_over_the_seam_is_hit_on_both_sides() -> None:
    box = [(0.95, 0.2, 0.05, 0.8)]
    assert hits(peak_at(1, 15), [box], wrap=True) == [1.0]
    assert hits(peak_at(58, 15), [box], wrap=True) == [1.0]
    assert hits(peak_at(30, 15), [box], wrap=True) == [0.0]


def test_a_blind_guess_hits_by_area() -> None:
    assert covered([(0.0, 0.0, 0.5, 0.5)]) == pytest.approx(0.25)


def test_a_scene_is_right_when_all_its_peaks_are() -> None:
    rows = [pointed(0, 1.0), pointed(0, 1.0), pointed(1, 1.0), pointed(1, 0.0)]
    assert all_right(rows).mean == 0.5


def test_noise_that_halves_the_hits_keeps_half() -> None:
    clean = [pointed(k, 1.0) for k in range(4)]
    noisy = [pointed(k, float(k % 2)) for k in range(4)]
    assert kept_figure(0.0, clean, noisy).measured.mean == 0.5


def test_confidence_that_parts_own_from_foreign_has_an_auroc_of_one() -> None:
    own = [pointed(k, 1.0, confidence=0.6 + k / 10) for k in range(3)]
    absent = [Denied(k, "silence", k / 10) for k in range(3)]
    assert own_against(own, absent).mean == 1.0
    assert own_against(own, [replace(a, confidence=0.9) for a in absent]).mean < 0.5


def test_confidence_that_tells_the_share_has_no_error() -> None:
    own = [pointed(k, float(k < 3), confidence=0.75) for k in range(4)]
    assert found_error(own, []).mean == pytest.approx(0.0)
    # Of all sounds, half of them foreign, three eighths are then found.
    absent = [Denied(k, "foreign", 0.75) for k in range(4)]
    assert found_error(own, absent).mean == pytest.approx(0.375)


def test_a_striking_picture_is_no_evidence_once_its_mean_is_off() -> None:
    # Every sound rates the second picture high; own sounds are a little higher.
    matrix = np.array([[0.2, 0.1, 0.1], [0.8, 0.9, 0.8], [0.1, 0.1, 0.2]])
    kinds = ["dog", "siren", "guitar"]
    assert compare_pairs(matrix, kinds, is_centred=True).mean == 1.0
    assert compare_pairs(matrix, kinds, is_centred=False).mean < 1.0


def test_sounds_that_may_fit_are_not_held_against_a_picture() -> None:
    matrix = np.array([[0.5, 0.9, 0.1], [0.9, 0.5, 0.1], [0.1, 0.1, 0.5]])
    alike = compare_pairs(matrix, ["train", "vehicle", "dog"], is_centred=False)
    assert alike.mean == 1.0


def test_moments_of_a_clip_are_averaged() -> None:
    found = [Localization(peak_at(1, 1), peak_at(1, 1), c) for c in (0.2, 0.4)]
    matrix = score_matrix([[found]], lambda answer: answer.confidence)
    assert matrix == pytest.approx(0.3)


def test_a_place_over_the_seam_holds_both_of_its_sides() -> None:
    assert OVER_THE_SEAM.holds(170.0, -30.0)
    assert OVER_THE_SEAM.holds(-175.0, -30.0)
    assert not OVER_THE_SEAM.holds(0.0, -30.0)
    assert not OVER_THE_SEAM.holds(170.0, 0.0)
    x0, y0, x1, y1 = OVER_THE_SEAM.box()
    assert x0 > x1
    assert y0 < y1


def test_a_place_read_off_a_frame_holds_until_the_next_one() -> None:
    later = replace(OVER_THE_SEAM, start_s=8.0, stop_s=8.0)
    assert known_at([OVER_THE_SEAM, later], 2.0) == [OVER_THE_SEAM]
    assert known_at([OVER_THE_SEAM, later], 6.0) == [later]
    assert known_at([OVER_THE_SEAM, later], 30.0) == []


def test_truth_is_read_with_its_time_and_certainty() -> None:
    entry = {"t": [0, 3.0], "what": "vent: its foot (hiss)", "certainty": "sure"}
    place = read_place(entry | {"yaw": [-76, 5], "pitch": [-12, 6]})
    assert place.what == "vent"
    assert place.is_sure
    assert (place.start_s, place.stop_s) == (0, 3.0)
    assert place.holds(-10.0, 0.0)


def test_moments_of_the_truth_are_not_looked_at_twice() -> None:
    assert moments([], 8.0) == [1.0, 3.0, 5.0, 7.0]
    assert moments([OVER_THE_SEAM], 8.0) == [1.0, 3.0, 5.0, 7.0]


def test_the_highest_cell_is_a_direction() -> None:
    assert peak_direction(peak_at(0, 0)) == (-177.0, 87.0)


def test_slivers_and_silent_objects_of_photographs_are_left_out() -> None:
    boxes = (("dog", (0.1, 0.1, 0.5, 0.5)), ("dog", (0.1, 0.1, 0.5, 0.105)))
    photograph = BoxedPhotograph(Path("p"), "test", "p", (*boxes, (None, boxes[0][1])))
    assert boxes_by_kind(photograph) == {"dog": [(0.1, 0.1, 0.5, 0.5)]}


def test_a_scene_is_a_function_of_its_number(maker: SceneMaker) -> None:
    first, again, other = (maker.scene(number, 3) for number in (4, 4, 5))
    assert np.array_equal(first.picture, again.picture)
    assert first.objects == again.objects
    assert not np.array_equal(first.picture, other.picture)


def test_objects_of_a_scene_are_of_the_test_split_and_differ(maker: SceneMaker) -> None:
    scene = maker.scene(0, 3)
    assert len({o.piece.kind for o in scene.objects}) == 3
    assert {o.piece.split for o in scene.objects} == {"test"}
    assert {o.sound.split for o in scene.objects} == {"test"}
    shown = {o.piece.kind for o in scene.objects}
    assert all(o.piece.kind == o.sound.kind for o in scene.objects)
    assert shown.isdisjoint({s.kind for s in scene.absent})


def test_silent_objects_leave_the_others_where_they_are(maker: SceneMaker) -> None:
    plain, crowded = maker.scene(1, 3), maker.scene(1, 3, n_silent=2)
    assert plain.objects == crowded.objects
    assert not np.array_equal(plain.picture, crowded.picture)


@pytest.mark.parametrize("with_person", [False, True])
def test_an_ape_keeps_silent_beside_a_person_or_none(
    tmp_path: Path, with_person: bool
) -> None:
    material = material_of_noise(tmp_path)
    pieces = tuple(
        replace(p, kind="person") if p.kind == "keyboard" else p
        for p in material.pieces
    )
    sounds = tuple(
        replace(s, kind="person") if s.kind == "keyboard" else s
        for s in material.sounds
    )
    ape = PieceSource(tmp_path / "extra.png", APES, "test", "ape")
    material = replace(material, pieces=(*pieces, ape), sounds=sounds)
    maker = SceneMaker(Listener(None, material))
    for number in range(4):
        scene = maker.scene_beside(ape, number, with_person=with_person)
        kinds = [o.piece.kind for o in scene.objects]
        assert len(kinds) == 2
        assert ("person" in kinds) == with_person
        ((x0, y0, x1, y1),) = scene.silent
        row, column = int((y0 + y1) / 2 * 480), int((x0 + (x1 - x0) % 1 / 2) * 960)
        # The ape's picture is black, and its middle is what it covers surely.
        assert scene.picture[row, column % 960].max() < 40


def test_imagenet_is_what_trunks_know() -> None:
    def piece(name: str) -> PieceSource:
        return PieceSource(Path(name), "dog", "test", name)

    assert is_unfamiliar(piece("caltech101__dog_1.jpg"))
    assert not is_unfamiliar(piece("imagenette__n01_1.jpg"))


def test_what_a_panorama_shows_is_told_by_its_description(tmp_path: Path) -> None:
    town, wood = ("a.jpg", "two people at the river"), ("b.jpg", "wood")
    table = json.dumps([{"file": name, "seen": seen} for name, seen in (town, wood)])
    (tmp_path / "panoramas.json").write_text(table)
    assert kinds_shown(tmp_path / "a.jpg") == {"person", "water"}
    assert kinds_shown(tmp_path / "b.jpg") == set()


def test_a_sheet_holds_panels_of_any_shape(tmp_path: Path) -> None:
    sheet = Sheet(columns=2)
    found = Localization(peak_at(3, 3), peak_at(3, 3), 0.5)
    for shape in ((480, 960, 3), (90, 60, 3), (240, 320, 3)):
        picture = np.full(shape, 90, np.uint8)
        sheet.add(picture, found, "words", right=[(0.9, 0.2, 0.1, 0.8)])
    sheet.write(tmp_path / "sheets" / "sheet.png")
    written = cv2.imread(str(tmp_path / "sheets" / "sheet.png"))
    # Two rows of panels, as high as the highest of each and its caption.
    assert written.shape == (360 + 24 + 360 + 24, 2 * 644, 3)


def test_shares_that_all_agree_keep_an_interval() -> None:
    interval = mean([1.0] * 10, range(10))
    assert interval.mean == 1.0
    assert interval.low < 0.8


def test_figures_that_are_no_number_are_null_in_json(tmp_path: Path) -> None:
    figure = Figure("alone", mean([0.5], [0]))
    write_json(tmp_path / "f.json", [Section("s", [figure])], scenes="x")
    assert '"low": null' in (tmp_path / "f.json").read_text()
