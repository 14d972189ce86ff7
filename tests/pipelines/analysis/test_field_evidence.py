import dataclasses
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from pano.ambisonics.harmonics import encode
from pano.ambisonics.heard_directions import (
    FieldEvidence,
    HeardDirections,
    HeardSource,
    trust_of,
)
from pano.ambisonics.intensity import IntensityMeter
from pano.errors import NoAudioError, SettingsError
from pano.media import open_media
from pano.media.sound.choice import SoundChoice
from pano.saliency_maps.saliency_map import SaliencyMap, mean_direction
from pano.sphere import (
    Direction,
    angle_between_deg,
    cell_solid_angles_sr,
    grid_unit_vectors,
)
from pano_jobs.analysis.analysis_pass import Analysis
from pano_jobs.analysis.audio_track import load_audio_track
from pano_jobs.analysis.field_evidence import (
    FieldWitness,
    HeardSources,
    field_share,
    heard_at,
    joint_confidence,
    without_field,
)
from pano_jobs.analysis.localize import localize
from pano_jobs.progress import SILENT
from pano_jobs.settings import Evidence, LocalizeSettings
from tests.fake_localizer import RedLocalizer
from tests.pano.ambisonics.fields import RATE_HZ, bursts, diffuse, noise
from tests.synthetic import Clip, SoundTrack, write_clip, write_sound_only

FloatArray = NDArray[np.float32]

GRID = (30, 60)
HEIGHT_PX = 120
DURATION_S = 1.5
SEEN = Direction(120.0, 0.0)
HEARD = Direction(-100.0, 20.0)
# One cell of the map is 6°, and the disc spans a few of them.
NEAR_DEG = 6.0
STEP_S = 0.1


def picture_of(seen: Direction | None) -> NDArray[np.uint8]:
    """Draw a red disc on grey, or grey alone."""
    image = np.full((HEIGHT_PX, 2 * HEIGHT_PX, 3), 90, np.uint8)
    if seen is not None:
        cosine = grid_unit_vectors(HEIGHT_PX, 2 * HEIGHT_PX) @ seen.unit()
        image[cosine > np.cos(np.radians(10.0))] = (255, 0, 0)
    return image


def clip(
    path: Path,
    sound: FloatArray | None,
    *,
    seen: Direction | None = SEEN,
    duration_s: float = DURATION_S,
) -> Path:
    """Write a picture with a field or with mono."""
    shown = picture_of(seen)
    track = None
    if sound is not None:
        layout = "mono" if sound.ndim == 1 else "4.0"
        track = SoundTrack(sound, RATE_HZ, codec="pcm_s16le", layout=layout)
    n_pictures = round(duration_s * 10)
    return write_clip(
        path,
        Clip(
            2 * HEIGHT_PX,
            HEIGHT_PX,
            rate=Fraction(10),
            n_pictures=n_pictures,
            sound=track,
            paint=lambda _: shown,
        ),
    )


def field(at: Direction = HEARD, duration_s: float = DURATION_S) -> FloatArray:
    rng = np.random.default_rng(0)
    return encode(bursts(rng, duration_s), at) + 0.02 * diffuse(rng, duration_s)


def maps_of(
    path: Path,
    *,
    evidence: Evidence = "both",
    sound: SoundChoice | None = None,
    localizer: RedLocalizer | None = None,
) -> list[SaliencyMap]:
    settings = LocalizeSettings(evidence=evidence, sound=sound or SoundChoice())
    with open_media(path, sound=settings.sound) as media:
        audio = load_audio_track(media, settings, localizer=localizer or RedLocalizer())
        return list(localize(media.analysis_frames(), audio, settings))


def analysed(
    path: Path, settings: LocalizeSettings, localizer: RedLocalizer | None
) -> Analysis:
    with open_media(path, sound=settings.sound) as media:
        analysis = Analysis(media, settings, localizer=localizer, progress=SILENT)
        assert list(analysis.maps())
        return analysis


@pytest.fixture
def no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise AssertionError("a network is loaded")

    monkeypatch.setattr("pano_jobs.analysis.audio_track.load_localizer", refuse)


def assert_like(found: Sequence[SaliencyMap], wanted: Sequence[SaliencyMap]) -> None:
    for one, other in zip(found, wanted, strict=True):
        for attribute in dataclasses.fields(SaliencyMap):
            np.testing.assert_array_equal(
                getattr(one, attribute.name), getattr(other, attribute.name)
            )


def middle(maps: Sequence[SaliencyMap]) -> SaliencyMap:
    return maps[len(maps) // 2]


def angle_to(found: SaliencyMap, direction: Direction) -> float:
    return angle_between_deg(mean_direction(found.masses())[0], direction)


def test_picture_and_field_that_agree_are_surer_than_each(tmp_path: Path) -> None:
    path = clip(tmp_path / "clip.mov", field(SEEN))
    localizer = RedLocalizer(confidence=0.5)
    both = middle(maps_of(path, localizer=localizer))
    picture = middle(maps_of(path, evidence="picture", localizer=localizer))
    by_field = middle(maps_of(path, evidence="field"))
    assert angle_to(both, SEEN) < NEAR_DEG
    assert both.confidence > max(picture.confidence, by_field.confidence)
    assert both.confidence == pytest.approx(
        joint_confidence(0.5, by_field.confidence), abs=1e-6
    )
    assert both.density.max() > picture.density.max()
    assert 0.0 < both.field_share < 1.0


def test_by_the_picture_alone_the_field_is_not_asked(tmp_path: Path) -> None:
    path = clip(tmp_path / "clip.mov", field())
    picture = maps_of(path, evidence="picture")
    assert angle_to(middle(picture), SEEN) < NEAR_DEG
    assert {(found.field_share, found.heard_at) for found in picture} == {(0.0, None)}
    assert_like(picture, maps_of(path, sound=SoundChoice("mono")))


def test_by_the_field_alone_the_picture_is_not_looked_at(tmp_path: Path) -> None:
    path = clip(tmp_path / "clip.mov", field())
    localizer = RedLocalizer()
    maps = maps_of(path, evidence="field", localizer=localizer)
    assert localizer.n_looks == 0
    found = middle(maps)
    assert found.heard_at is not None
    assert angle_between_deg(found.heard_at, HEARD) < NEAR_DEG
    row, column = np.unravel_index(int(np.argmax(found.density)), GRID)
    densest = Direction.from_unit(grid_unit_vectors(*GRID)[row, column])
    assert angle_between_deg(densest, HEARD) < NEAR_DEG
    assert found.field_share == 1.0
    assert not found.response.any()
    assert 0.5 < found.confidence < 1.0


def test_where_the_picture_shows_nothing_the_field_decides(tmp_path: Path) -> None:
    path = clip(tmp_path / "clip.mov", field(), seen=None)
    found = middle(maps_of(path))
    assert angle_to(found, HEARD) < NEAR_DEG
    assert found.field_share > 0.95
    assert found.heard_at is not None
    assert angle_between_deg(found.heard_at, HEARD) < NEAR_DEG


def test_the_field_is_turned_as_the_user_says(tmp_path: Path) -> None:
    path = clip(tmp_path / "clip.mov", field(), seen=None)
    found = middle(maps_of(path, sound=SoundChoice(yaw_deg=150.0)))
    assert angle_to(found, Direction(50.0, 20.0)) < NEAR_DEG


def test_a_field_that_says_nothing_leaves_the_picture_as_it_is(tmp_path: Path) -> None:
    silent = np.zeros((4, round(DURATION_S * RATE_HZ)), np.float32)
    path = clip(tmp_path / "clip.mov", silent)
    said = SoundChoice("ambix")
    both = maps_of(path, sound=said)
    assert_like(both, maps_of(path, sound=said, evidence="picture"))
    flat = maps_of(path, sound=said, evidence="field")
    assert {(one.confidence, one.field_share, one.heard_at) for one in flat} == {
        (0.0, 0.0, None)
    }
    np.testing.assert_allclose(middle(flat).density, 0.25 / np.pi, rtol=1e-4)


def test_without_a_field_nothing_changes(tmp_path: Path) -> None:
    path = clip(tmp_path / "clip.mov", noise(np.random.default_rng(0), DURATION_S))
    both = maps_of(path)
    assert_like(both, maps_of(path, evidence="picture"))
    assert {(found.field_share, found.heard_at) for found in both} == {(0.0, None)}
    assert middle(both).confidence == RedLocalizer().confidence


def test_without_a_field_there_is_no_evidence_of_the_field_alone(
    tmp_path: Path, no_network: None
) -> None:
    path = clip(tmp_path / "clip.mov", noise(np.random.default_rng(0), DURATION_S))
    words = r"clip\.mov has no sound field .*--sound-field .*--evidence picture"
    with open_media(path) as media, pytest.raises(SettingsError, match=words):
        load_audio_track(media, LocalizeSettings(evidence="field"))


def test_without_sound_there_is_no_evidence_of_the_field_alone(tmp_path: Path) -> None:
    path = clip(tmp_path / "mute.mov", None)
    with open_media(path) as media, pytest.raises(NoAudioError, match="--no-sound-ok"):
        load_audio_track(media, LocalizeSettings(evidence="field"))


def test_the_field_alone_loads_no_network(tmp_path: Path, no_network: None) -> None:
    path = clip(tmp_path / "clip.mov", field())
    settings = LocalizeSettings(evidence="field")
    with open_media(path) as media:
        audio = load_audio_track(media, settings)
        assert (audio.localizer, audio.track) == (None, None)
        assert audio.sound_s == pytest.approx(DURATION_S, abs=0.1)
        found = middle(list(localize(media.analysis_frames(), audio, settings)))
    assert found.heard_at is not None
    assert angle_between_deg(found.heard_at, HEARD) < NEAR_DEG


def test_the_notes_name_the_format_and_the_fields_share(tmp_path: Path) -> None:
    path = clip(tmp_path / "clip.mov", field(), seen=None)
    analysis = analysed(path, LocalizeSettings(), RedLocalizer())
    share = analysis.field_share
    assert share is not None
    assert 0.9 < share <= 1.0
    [note] = analysis.notes()
    assert "the sound is a field (ambiX, order 1; the powers of its" in note
    assert f"it gave {share:.0%} of the evidence" in note
    assert note.endswith("and one place was heard in it")
    assert analysis.meta()["notes"] == (note,)


def test_the_notes_of_the_field_alone_are_the_same(
    tmp_path: Path, no_network: None
) -> None:
    path = clip(tmp_path / "clip.mov", field(), seen=None)
    analysis = analysed(path, LocalizeSettings(evidence="field"), None)
    assert analysis.field_share == 1.0
    [note] = analysis.notes()
    assert "the sound is a field (ambiX, order 1" in note
    assert "it gave 100% of the evidence" in note


def test_without_a_field_no_share_of_it_is_told(tmp_path: Path) -> None:
    path = clip(tmp_path / "clip.mov", noise(np.random.default_rng(0), DURATION_S))
    analysis = analysed(path, LocalizeSettings(), RedLocalizer())
    assert (analysis.field_share, analysis.notes()) == (None, ())


def test_the_notes_tell_how_a_recorder_was_aligned(tmp_path: Path) -> None:
    whole = field(duration_s=4.0)
    path = clip(tmp_path / "clip.mov", whole[0, RATE_HZ:], duration_s=3.0)
    track = SoundTrack(whole, RATE_HZ, codec="pcm_s16le", layout="4.0")
    recorder = write_sound_only(tmp_path / "r.wav", track)
    settings = LocalizeSettings(sound=SoundChoice(recorder=recorder))
    analysis = analysed(path, settings, RedLocalizer())
    aligned, heard = analysis.notes()
    assert "the recorder's 1.000 s is the picture's 0 s" in aligned
    assert "+0 ppm" in aligned
    assert "ambiX, order 1" in heard


def evidence_at(*directions: Direction, directness: float = 1.0) -> FieldEvidence:
    """Evidence of lone sources, all alike; as direct as you say."""
    units = grid_unit_vectors(*GRID)
    density = sum(np.exp(60.0 * (units @ at.unit() - 1.0)) for at in directions)
    density /= (density * cell_solid_angles_sr(*GRID)).sum()
    sources = tuple(HeardSource(at, 1.0 / len(directions)) for at in directions)
    return FieldEvidence(np.asarray(density, np.float32), directness, sources)


def picture_at(direction: Direction, sharpness: float) -> NDArray[np.float64]:
    """A network's map as masses; sharpness 0 is a flat one."""
    units = grid_unit_vectors(*GRID)
    mass = np.exp(sharpness * (units @ direction.unit() - 1.0))
    return np.asarray(mass * cell_solid_angles_sr(*GRID) / (4.0 * np.pi))


def test_a_joint_map_without_its_prior_is_the_pictures() -> None:
    picture, prior = picture_at(SEEN, 20.0), evidence_at(HEARD).log_prior()
    joint = (picture * np.exp(prior)).astype(np.float32)
    np.testing.assert_allclose(without_field(joint, prior), picture, rtol=1e-5)


def test_the_share_is_in_0_to_1_whatever_is_seen_and_heard() -> None:
    rng = np.random.default_rng(0)
    for _ in range(50):
        at, sharpness = Direction.from_unit(rng.normal(size=3)), rng.uniform(0.0, 200.0)
        heard = evidence_at(HEARD, directness=float(rng.uniform(0.0, 1.0)))
        confidence = float(rng.uniform(0.0, 1.0))
        share = field_share(picture_at(at, sharpness), confidence, heard.log_prior())
        assert 0.0 <= share <= 1.0


def test_a_sure_field_beside_an_unsure_picture_gives_nearly_all() -> None:
    sure, flat = evidence_at(HEARD).log_prior(), picture_at(SEEN, 0.0)
    assert field_share(flat, 1.0, sure) > 0.999
    assert field_share(picture_at(SEEN, 40.0), 0.0, sure) == 1.0
    assert field_share(picture_at(SEEN, 40.0), 0.01, sure) > 0.95


def test_a_flat_field_gives_nothing() -> None:
    flat = np.zeros(GRID, np.float32)
    assert field_share(picture_at(SEEN, 40.0), 0.9, flat) == 0.0
    assert field_share(picture_at(SEEN, 0.0), 0.9, flat) == 0.0


def test_the_share_grows_with_the_fields_trust_and_shrinks_with_the_pictures() -> None:
    picture = picture_at(SEEN, 20.0)
    heard = [evidence_at(HEARD, directness=d) for d in (0.0, 0.01, 0.02, 0.1, 1.0)]
    shares = [field_share(picture, 0.5, one.log_prior()) for one in heard]
    assert shares == sorted(shares)
    assert shares[0] == 0.0
    prior = heard[-1].log_prior()
    by_confidence = [field_share(picture, c, prior) for c in (0.0, 0.3, 0.6, 1.0)]
    assert by_confidence == sorted(by_confidence, reverse=True)
    by_sharpness = [
        field_share(picture_at(SEEN, s), 0.5, prior) for s in (0.0, 2.0, 20.0, 90.0)
    ]
    assert by_sharpness == sorted(by_sharpness, reverse=True)


def test_witnesses_that_say_the_same_are_even() -> None:
    prior = evidence_at(HEARD).log_prior()
    omega = cell_solid_angles_sr(*GRID)
    share = field_share(np.exp(prior.astype(np.float64)) * omega, 1.0, prior)
    assert share == pytest.approx(0.5)


def test_the_joint_confidence_is_that_one_of_two_is_right() -> None:
    assert joint_confidence(0.0, 0.0) == 0.0
    assert joint_confidence(0.5, 0.5) == 0.75
    assert joint_confidence(0.3, 0.0) == pytest.approx(0.3)
    assert joint_confidence(0.2, 0.7) == joint_confidence(0.7, 0.2)
    assert joint_confidence(1.0, 0.4) == 1.0


def test_the_loudest_source_is_where_it_is_heard_if_it_is_trusted() -> None:
    assert heard_at(evidence_at(HEARD, SEEN)) == HEARD
    assert heard_at(evidence_at(HEARD, directness=0.01)) is None
    nothing = FieldEvidence(np.full(GRID, 0.25 / np.pi, np.float32), 0.0, ())
    assert heard_at(nothing) is None


def counted(*moments: FieldEvidence) -> HeardSources:
    """Count what is heard in moments of `STEP_S`."""
    sources = HeardSources()
    for k, evidence in enumerate(moments):
        sources.note(k * STEP_S, STEP_S, evidence)
    return sources


def places(sources: HeardSources) -> list[tuple[float, Direction]]:
    return [(round(begin_s, 6), place) for begin_s, place in sources.begins]


def test_a_source_counts_from_when_it_was_first_heard() -> None:
    silence = [evidence_at(HEARD, directness=0.0)] * 10
    sources = counted(*silence, *[evidence_at(HEARD)] * 10)
    assert places(sources) == [(1.0, HEARD)]
    assert sources.most_at_once == 1


def test_what_sounds_briefly_or_is_not_trusted_is_no_source() -> None:
    assert trust_of(0.015) < 0.5
    for moments in (
        [evidence_at(HEARD)] * 3,
        [evidence_at(HEARD, directness=0.015)] * 30,
    ):
        sources = counted(*moments)
        assert (sources.begins, sources.most_at_once) == ([], 0)


def test_sources_that_sound_one_after_the_other_are_never_two_at_once() -> None:
    first, second = [evidence_at(HEARD)] * 10, [evidence_at(SEEN)] * 10
    sources = counted(*first, *second, *first)
    assert places(sources) == [(0.0, HEARD), (1.0, SEEN)]
    assert sources.most_at_once == 1


def test_sources_that_sound_together_are_counted_at_once() -> None:
    both = [evidence_at(HEARD, SEEN)] * 10
    sources = counted(*[evidence_at(HEARD)] * 10, *both)
    assert places(sources) == [(0.0, HEARD), (1.0, SEEN)]
    assert sources.most_at_once == 2


def test_a_source_that_strays_a_little_stays_the_same() -> None:
    sources = counted(
        *(evidence_at(Direction(-180.0 + 2.0 * k, 0.0)) for k in range(-6, 7))
    )
    assert len(sources.begins) == 1


def test_two_sources_around_a_place_that_sounded_before_are_two_places() -> None:
    left, right = Direction(0.0, 0.0), Direction(50.0, 0.0)
    middle_once = [evidence_at(Direction(25.0, 0.0))]
    sources = counted(*middle_once, *[evidence_at(left, right)] * 20)
    assert sources.most_at_once == len(sources.begins)


def test_the_field_is_asked_ten_times_a_second() -> None:
    meter = IntensityMeter(RATE_HZ)
    meter.add(field(duration_s=2.0))
    sources = HeardSources()
    witness = FieldWitness(HeardDirections(meter.finish()), sources)
    asked = [witness.ask(5.0 + k / 30, k / 30) for k in range(61)]
    assert len({id(one) for one in asked}) == 21
    for k in range(0, 61, 3):
        evidence = witness.heard.around(k / 30)
        np.testing.assert_array_equal(asked[k].evidence.density, evidence.density)
        np.testing.assert_array_equal(asked[k].log_prior, evidence.log_prior())
    [(begin_s, place)] = sources.begins
    assert begin_s == pytest.approx(5.0)
    assert angle_between_deg(place, HEARD) < NEAR_DEG
