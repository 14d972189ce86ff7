"""Dignity: apes in a film must not light up for the voices of people.

People's voices of the test split are asked of every moment at which an ape was seen,
whatever the clip itself sounds like. There are no voices of apes at hand, so that the
reverse, a person for an ape, cannot be asked.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from pipelines.gather.clips import open_clip
from pipelines.localize import log_solid_angles
from tests.benchmarks.localizer.listening import Listener, dice_of
from tests.benchmarks.localizer.spheres import Place, peak_direction, read_place
from tests.benchmarks.localizer.table import Figure, Section, mean

N_VOICES = 30
_APES = ("gorilla", "chimp", "orang", "ape ")
_SURE = 0.5


@dataclass(frozen=True, slots=True)
class VoiceRow:
    """A voice asked of a moment: is the peak on an ape, and how sure is that?"""

    moment: str
    on_ape: bool
    confidence: float


def ask_voices(material: Path, listener: Listener) -> list[VoiceRow]:
    """Ask people's voices of every moment that shows an ape."""
    table = material / "clips360" / "truth.json"
    clips = json.loads(table.read_text(encoding="utf-8"))["clips"]
    voices = _voices(listener)
    rows: list[VoiceRow] = []
    for name, truth in clips.items():
        places = [
            read_place({"certainty": "unsure"} | entry)
            for part in ("sounding", "other")
            for entry in truth.get(part, ())
            if any(ape in entry["what"].lower() for ape in _APES)
        ]
        layout = truth.get("layout", "").partition(",")[0].partition(" ")[0] or None
        path = material / "clips360" / name
        if places:
            rows += _ask_clip(path, layout, places, voices, listener)
    return rows


def _voices(listener: Listener) -> list[np.ndarray]:
    rng = dice_of("people")
    pool = [s for s in listener.sounds if s.kind == "person"]
    drawn = (listener.draw(pool, rng) for _ in range(N_VOICES))
    return [listener.voice(sound) for sound in drawn if sound is not None]


def _ask_clip(
    path: Path,
    layout: str | None,
    places: list[Place],
    voices: list[np.ndarray],
    listener: Listener,
) -> list[VoiceRow]:
    rows = []
    with open_clip(path, layout=layout) as clip:
        for moment, time_s in enumerate(sorted({p.start_s for p in places})):
            picture = clip.frame_at(time_s)
            if picture is None:
                continue
            visual = listener.localizer.see(picture, wrap=True)
            prior = log_solid_angles(*visual.shape[1:])
            apes = [p for p in places if p.start_s == time_s]
            for h in voices:
                found = listener.localizer.attend(visual, h, log_prior=prior)
                peak = peak_direction(found.response)
                on_ape = any(p.holds(*peak) for p in apes)
                rows.append(VoiceRow(f"{path.name} {moment}", on_ape, found.confidence))
    return rows


def summarise_voices(rows: list[VoiceRow]) -> Section:
    names = sorted({row.moment for row in rows})
    groups = [names.index(row.moment) for row in rows]
    lit = [float(r.on_ape and r.confidence >= _SURE) for r in rows]
    surest = max((r.confidence for r in rows if r.on_ape), default=0.0)
    figures = [
        Figure("peak on an ape", mean([float(r.on_ape) for r in rows], groups)),
        Figure(f"peak on an ape, confidence from {_SURE}", mean(lit, groups), goal=0.0),
        Figure("confidence", mean([r.confidence for r in rows], groups)),
    ]
    remark = f"the surest on an ape: confidence {surest:.2f}"
    return Section("5. People's voices over films of apes", figures, [remark])
