from fractions import Fraction

import numpy as np
import pytest

from pano.media import Frame
from pano_jobs.analysis.looks import Look, Seen, stretches
from pano_jobs.analysis.watcher import Watcher
from soundloc.inference.window_embedding import WindowEmbedding
from tests.fake_localizer import RedLocalizer

DIM, HEIGHT, WIDTH = 8, 3, 6
FLOAT_NOISE = 1e-5


def look(time_s: float) -> Look:
    rng = np.random.default_rng(round(10 * time_s))
    visual = rng.standard_normal((DIM, HEIGHT, WIDTH))
    return Look(time_s, np.asarray(visual / np.linalg.norm(visual, axis=0), np.float32))


def mixture(seen: Seen) -> np.ndarray:
    mixed = (1.0 - seen.share) * seen.before.visual + seen.share * seen.after.visual
    return np.asarray(mixed / np.linalg.norm(mixed, axis=0))


def ticks(n: int):
    for k in range(n):
        image = np.zeros((480, 960, 3), np.uint8)
        image[:, :, 0] = 8 * k
        yield Frame(image, k, Fraction(1, 30))


def everything() -> Watcher:
    return Watcher(RedLocalizer(), is_sparing=False)


def sounds(n: int, dim: int) -> list[WindowEmbedding]:
    h = np.random.default_rng(5).standard_normal((n, dim)).astype(np.float32)
    return [WindowEmbedding(one / np.linalg.norm(one), 1.0) for one in h]


def test_every_picture_is_seen_once_and_in_order():
    found = [
        seen for part in stretches(ticks(16), everything(), 5.0) for seen in part.seen
    ]
    assert [round(30 * seen.time_s) for seen in found] == list(range(16))
    looks = {seen.after.time_s for seen in found}
    assert sorted(looks) == pytest.approx([0.0, 0.2, 0.4])


def test_the_response_between_two_looks_is_that_of_their_mixture():
    localizer = RedLocalizer()
    for part in stretches(ticks(16), everything(), 5.0):
        heard = sounds(len(part.seen), 2)
        for seen, sound, cosines in zip(
            part.seen, heard, part.respond(localizer, heard), strict=True
        ):
            expected = np.tensordot(sound.h, mixture(seen), axes=1)
            np.testing.assert_allclose(cosines, expected, atol=FLOAT_NOISE)


def test_after_the_last_look_it_holds():
    last = list(stretches(ticks(16), everything(), 5.0))[-1]
    assert [round(30 * seen.time_s) for seen in last.seen] == [13, 14, 15]
    for seen in last.seen:
        np.testing.assert_array_equal(mixture(seen), seen.before.visual)


@pytest.mark.parametrize("shares", [(0.3, 0.6), (0.0, 0.5), (1.0, 0.2), (1.0, 1.0)])
@pytest.mark.parametrize("others", [(0.0, 1.0), (1.0, 2.0), (2.0, 3.0)])
def test_the_likeness_of_two_mixtures_is_their_cosine(shares, others):
    looks = {time_s: look(time_s) for time_s in (0.0, 1.0, 2.0, 3.0)}
    earlier = Seen(0.0, looks[0.0], looks[1.0], shares[0])
    later = Seen(2.0, looks[others[0]], looks[others[1]], shares[1])
    expected = np.sum(mixture(earlier) * mixture(later), axis=0)
    np.testing.assert_allclose(later.likeness(earlier), expected, atol=FLOAT_NOISE)


class Script:
    """Answers as it is told: a new look, the latest again, or none."""

    def __init__(self, *answers: str) -> None:
        self._answers, self._latest = list(answers), look(0.0)

    def look(self, frame: Frame) -> Look | None:
        answer = self._answers.pop(0)
        if answer == "new":
            self._latest = look(frame.time_s)
        return None if answer == "wait" else self._latest


def test_what_was_held_is_left_only_after_it():
    parts = list(stretches(ticks(19), Script("new", "same", "same", "new"), 5.0))
    assert [len(part.seen) for part in parts] == [1, 6, 6, 6]
    held = [seen for part in parts[1:3] for seen in part.seen]
    assert {seen.before for seen in held} == {seen.after for seen in held}
    shares = [seen.share for seen in parts[3].seen]
    assert shares == pytest.approx([k / 6 for k in range(1, 7)])


def test_waiting_stretches_the_mixture():
    parts = list(stretches(ticks(14), Script("new", "wait", "new"), 5.0))
    assert [len(part.seen) for part in parts] == [1, 12, 1]
    assert parts[1].seen[5].share == pytest.approx(0.5)


def test_looks_that_oppose_each_other_stay_finite():
    one = look(0.0)
    other = Look(1.0, -one.visual)
    seen = Seen(0.5, one, other, 0.5)
    assert np.isfinite(seen.likeness(seen)).all()
