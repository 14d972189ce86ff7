"""Line 2: real photographs with boxes, asked with sounds of what they show."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from pano_jobs.datasets.material import BoxedPhotograph, SoundSource
from soundloc import SoundLocalizer
from soundloc.data.pairs import Box
from soundloc.errors import DatasetError
from tests.benchmarks.localizer.listening import Listener, seeded_rng
from tests.benchmarks.localizer.places import covered, hits
from tests.benchmarks.localizer.table import Figure, Section, mean, pointing_figure

N_SOUNDS = 5
# A box that is smaller holds no pixel of the scoring grid to speak of.
_MIN_SIDE = 0.02


@dataclass(frozen=True, slots=True)
class PhotographRow:
    """A photograph asked with one sound."""

    picture: int
    kind: str
    is_speech_alone: bool
    is_hit: float
    prior_hit: float
    area: float
    confidence: float

    @property
    def group(self) -> int:
        """What is resampled whole."""
        return self.picture


def ask_photographs(listener: Listener, seeing: SoundLocalizer) -> list[PhotographRow]:
    """Ask every photograph of the test split for each kind in it that sounds.

    `seeing` sees pictures of any size.
    """
    rows: list[PhotographRow] = []
    held_back = [p for p in listener.material.photographs if p.split == "test"]
    for number, photograph in enumerate(held_back):
        shown = boxes_by_kind(photograph)
        asked = [k for k in shown if any(s.kind == k for s in listener.sounds)]
        if not asked:
            continue
        visual = seeing.see(read_rgb(photograph))
        prior = listener.prior(visual)
        for kind in asked:
            boxes = shown[kind]
            alone = kind == "person" and len(shown) == 1
            for sound in _sounds(listener, photograph, kind, speech=alone):
                found = listener.ask(visual, listener.embed(sound))
                rows.append(
                    PhotographRow(
                        number,
                        kind,
                        alone,
                        float(hits(found.response, [boxes], wrap=False)[0]),
                        float(hits(prior, [boxes], wrap=False)[0]),
                        covered(boxes),
                        found.confidence,
                    )
                )
    return rows


def boxes_by_kind(photograph: BoxedPhotograph) -> dict[str, list[Box]]:
    """Gather the boxes of each kind that can sound."""
    shown: dict[str, list[Box]] = {}
    for kind, box in photograph.boxes:
        if kind is not None and min(box[2] - box[0], box[3] - box[1]) > _MIN_SIDE:
            shown.setdefault(kind, []).append(box)
    return shown


def summarise_photographs(rows: Sequence[PhotographRow]) -> Section:
    speech = [r for r in rows if r.is_speech_alone]
    figures = [
        pointing_figure("peak in a box of the kind", rows, 0.80),
        pointing_figure(
            "peak in a person, speech, nothing else that sounds", speech, 0.92
        ),
        _gain("gain over the prior", rows, 0.12),
        _gain("gain over the prior, speech", speech, 0.12),
    ]
    others = sorted({r.kind for r in rows})
    figures += [
        pointing_figure(f"peak, {k}", [r for r in rows if r.kind == k]) for k in others
    ]
    n_pictures = len({r.picture for r in rows})
    return Section(f"2. Photographs with boxes ({n_pictures} pictures)", figures)


def _gain(name: str, rows: Sequence[PhotographRow], goal: float) -> Figure:
    gains = [r.is_hit - r.prior_hit for r in rows]
    return Figure(name, mean(gains, [r.picture for r in rows]), goal=goal)


def _sounds(
    listener: Listener, photograph: BoxedPhotograph, kind: str, *, speech: bool
) -> list[SoundSource]:
    """Draw sounds of a kind, each of another recording or speaker."""
    rng = seeded_rng(photograph.source, 0)
    pool = [s for s in listener.sounds if s.kind == kind]
    if speech:
        pool = [s for s in pool if s.path.parent.name == "speech"]
    chosen: list[SoundSource] = []
    while pool and len(chosen) < N_SOUNDS:
        sound = listener.draw(pool, rng)
        if sound is None:
            break
        chosen.append(sound)
        pool = [s for s in pool if s.source != sound.source]
    return chosen


def read_rgb(photograph: BoxedPhotograph) -> np.ndarray:
    bgr = cv2.imread(str(photograph.path), cv2.IMREAD_COLOR)
    if bgr is None:
        raise DatasetError(f"{photograph.path} cannot be read as a picture.")
    return np.asarray(cv2.cvtColor(bgr, cv2.COLOR_BGR2RGB), np.uint8)
