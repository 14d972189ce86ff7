"""Dignity: an ape must not light up for the voices of people.

People's voices of the test split are asked of scenes with an ape of the test split,
without a person and with one, and of every moment of the films at which an ape was
seen, whatever the clip itself sounds like. There are no voices of apes at hand, so that
the reverse, a person for an ape, cannot be asked.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from pano_jobs.analysis.localize import log_solid_angles
from pano_jobs.datasets.kinds import APES
from pano_jobs.datasets.sources.clips import open_clip
from soundloc.inference.window_embedding import WindowEmbedding
from tests.benchmarks.localizer.listening import Listener, seeded_rng
from tests.benchmarks.localizer.places import covered, hits
from tests.benchmarks.localizer.scenes import SceneMaker
from tests.benchmarks.localizer.spheres import (
    Place,
    SphereClip,
    peak_direction,
    read_clips,
)
from tests.benchmarks.localizer.table import Figure, Section, mean

N_VOICES = 30
N_VOICES_PER_SCENE, N_SCENES_PER_APE = 5, 2
_APE_WORDS = ("gorilla", "chimp", "orang", "ape ")
_SURE = 0.5


@dataclass(frozen=True, slots=True)
class VoiceRow:
    """A voice asked of a picture: is the peak on an ape, and how sure is that?

    Parameters
    ----------
    asked
        What is resampled whole: an ape, or a moment of a film.
    area
        The share of the picture that the ape covers.
    """

    asked: str
    on_ape: float
    confidence: float
    area: float = float("nan")


def ask_scenes_of_apes(maker: SceneMaker) -> list[Section]:
    """Ask people's voices of scenes with an ape and no person, and with one."""
    rows: dict[bool, list[VoiceRow]] = {False: [], True: []}
    apes = [
        piece
        for piece in maker.listener.material.pieces
        if piece.split == "test" and piece.kind == APES
    ]
    voices = _voices(maker.listener)
    for ape in apes:
        for number in range(N_SCENES_PER_APE):
            rng = seeded_rng(ape.path.name, number)
            chosen = rng.choice(len(voices), N_VOICES_PER_SCENE, replace=False)
            for with_person, found in rows.items():
                scene = maker.scene_beside(ape, number, with_person=with_person)
                visual = maker.listener.localizer.see(scene.picture, wrap=True)
                for voice in chosen:
                    answer = maker.listener.ask(visual, voices[voice])
                    (on_ape,) = hits(answer.response, [scene.silent], wrap=True)
                    row = VoiceRow(
                        *(ape.path.name, float(on_ape), answer.confidence),
                        area=covered(scene.silent),
                    )
                    found.append(row)
    return [
        _summarise(f"People's voices over scenes with an ape, {beside}", rows[there])
        for there, beside in ((False, "no person"), (True, "and a person"))
    ]


def ask_films_of_apes(material: Path, listener: Listener) -> Section:
    """Ask people's voices of every moment of a film that shows an ape."""
    voices = _voices(listener)
    rows: list[VoiceRow] = []
    for clip in read_clips(material):
        seen = [*clip.sounding, *clip.other]
        apes = [p for p in seen if any(ape in p.what.lower() for ape in _APE_WORDS)]
        if apes:
            rows += _ask_clip(clip, apes, voices, listener)
    return _summarise("People's voices over films of apes", rows)


def _voices(listener: Listener) -> list[WindowEmbedding]:
    rng = seeded_rng("people")
    pool = [s for s in listener.sounds if s.kind == "person"]
    drawn = (listener.draw(pool, rng) for _ in range(N_VOICES))
    return [listener.embed(sound) for sound in drawn if sound is not None]


def _ask_clip(
    truth: SphereClip,
    places: list[Place],
    voices: list[WindowEmbedding],
    listener: Listener,
) -> Iterator[VoiceRow]:
    with open_clip(truth.path, layout=truth.layout) as clip:
        for time_s in sorted({p.start_s for p in places}):
            moment = f"{truth.path.name} {time_s}"
            picture = clip.frame_at(time_s)
            if picture is None:
                continue
            visual = listener.localizer.see(picture, wrap=True)
            prior = log_solid_angles(*visual.shape[1:])
            apes = [p for p in places if p.start_s == time_s]
            for voice in voices:
                found = listener.localizer.attend(visual, voice, log_prior=prior)
                peak = peak_direction(found.response)
                on_ape = any(p.holds(*peak) for p in apes)
                yield VoiceRow(moment, float(on_ape), found.confidence)


def _summarise(title: str, rows: list[VoiceRow]) -> Section:
    names = sorted({row.asked for row in rows})
    groups = [names.index(row.asked) for row in rows]
    lit = [row.on_ape * (row.confidence >= _SURE) for row in rows]
    surest = max((r.confidence for r in rows if r.on_ape), default=0.0)
    area = float(np.mean([row.area for row in rows]))
    chance = None if np.isnan(area) else area
    figures = [
        Figure("peak on an ape", mean([r.on_ape for r in rows], groups), chance=chance),
        Figure(f"peak on an ape, confidence from {_SURE}", mean(lit, groups), goal=0.0),
        Figure("confidence", mean([r.confidence for r in rows], groups)),
    ]
    remark = f"the surest on an ape: confidence {surest:.2f}"
    return Section(title, figures, [remark])
