"""The sound field as evidence beside the network's.

The field gives the network's softmax a prior: ln of how much likelier a direction is
than chance. Where it is not sure of itself it is flat, and the maps are those of the
picture alone. The network says what looks like the sound; the field where it is.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from pano.ambisonics.heard_directions import FieldEvidence, HeardDirections
from pano.media import Frame
from pano.saliency_maps.saliency_map import SaliencyMap
from pano.sphere import Direction, angle_between_deg, cell_solid_angles_sr
from soundloc.inference.loudness import MomentaryLevel

FloatArray = NDArray[np.float32]
FloatArray64 = NDArray[np.float64]

# A stretch of a second changes little in this time.
_ASKED_EVERY_S = 0.1

# A source that sounds this far from all that sounded before is another one.
_ANOTHER_DEG = 30.0
# So long a direction must sound to be a source and no chance.
_MIN_SOUNDING_S = 0.5
_MIN_TRUST = 0.5


def joint_confidence(confidence: float, trust: float) -> float:
    """Return the chance that one of two independent witnesses is right."""
    return 1.0 - (1.0 - confidence) * (1.0 - trust)


def without_field(attention: FloatArray, log_prior: FloatArray) -> FloatArray64:
    """Return the picture's part of a joint map, as masses of any sum, (h, w)."""
    return np.asarray(attention, np.float64) / np.exp(log_prior.astype(np.float64))


def field_share(
    picture_mass: FloatArray64, confidence: float, log_prior: FloatArray
) -> float:
    """Return the field's share of the evidence in a map, in [0, 1].

    What each witness says is its information in nats, the Kullback-Leibler divergence
    of its own map from a uniform one; the picture's counts as far as it is confident.

    Parameters
    ----------
    picture_mass
        The map of the picture alone, shape (h, w).
    log_prior
        What the field says, shape (h, w).
    """
    omega = cell_solid_angles_sr(*picture_mass.shape) / (4.0 * np.pi)
    field_mass = np.exp(log_prior.astype(np.float64)) * omega
    by_field = _information(field_mass, omega)
    by_picture = confidence * _information(picture_mass, omega)
    total = by_field + by_picture
    return 0.0 if total < 1e-6 else float(np.clip(by_field / total, 0.0, 1.0))


def heard_at(evidence: FieldEvidence) -> Direction | None:
    """Return where the loudest source is, if the field is to be trusted."""
    if evidence.trust < _MIN_TRUST or not evidence.sources:
        return None
    return evidence.sources[0].direction


def field_maps(
    frames: Iterable[Frame], witness: FieldWitness, level: MomentaryLevel
) -> Iterator[SaliencyMap]:
    """Map each frame by the field alone; the picture is not looked at."""
    start_s: float | None = None
    for frame in frames:
        start_s = frame.time_s if start_s is None else start_s
        center_s = frame.time_s - start_s
        asked = witness.ask(frame.time_s, center_s)
        evidence = asked.evidence
        yield SaliencyMap.from_attention(
            np.exp(asked.log_prior),
            np.zeros_like(evidence.density),
            time_s=frame.time_s,
            confidence=evidence.trust,
            level_db=level.level_dbfs(center_s),
            field_share=1.0 if evidence.trust > 0.0 else 0.0,
            heard_at=heard_at(evidence),
        )


@dataclass(slots=True)
class HeardSources:
    """Keeps count of the sources that a field lets hear, moment by moment.

    Parameters
    ----------
    begins
        When each one that sounded long enough was first heard, in seconds, and where.
    most_at_once
        How many sounded together.
    """

    begins: list[tuple[float, Direction]] = field(default_factory=list)
    most_at_once: int = 0
    _places: list[tuple[float, Direction, float]] = field(default_factory=list)

    def note(self, time_s: float, step_s: float, evidence: FieldEvidence) -> None:
        """Take what is heard at a moment."""
        if evidence.trust < _MIN_TRUST:
            return
        n_lasting = 0
        taken: set[int] = set()
        for source in evidence.sources:
            number = self._number_of(source.direction, taken)
            taken.add(len(self._places) if number is None else number)
            if number is None:
                self._places.append((time_s, source.direction, step_s))
                continue
            begin_s, place, sounding_s = self._places[number]
            self._places[number] = (begin_s, place, sounding_s + step_s)
            n_lasting += sounding_s >= _MIN_SOUNDING_S
            if sounding_s < _MIN_SOUNDING_S <= sounding_s + step_s:
                self.begins.append((begin_s, place))
        self.most_at_once = max(self.most_at_once, n_lasting)

    def _number_of(self, direction: Direction, taken: set[int]) -> int | None:
        """Return the nearest place that no louder source of the moment has taken."""
        angles = [
            180.0 if number in taken else angle_between_deg(direction, place)
            for number, (_, place, _) in enumerate(self._places)
        ]
        if not angles or min(angles) > _ANOTHER_DEG:
            return None
        return int(np.argmin(angles))


@dataclass(frozen=True, slots=True, eq=False)
class Asked:
    """What the field says at a moment, and the prior it makes."""

    evidence: FieldEvidence
    log_prior: FloatArray


@dataclass(slots=True, eq=False)
class FieldWitness:
    """Asks the field ten times a second and remembers what it said last.

    Parameters
    ----------
    heard
        The field of the clip.
    sources
        Keeps count of what was heard.
    """

    heard: HeardDirections
    sources: HeardSources
    _latest: tuple[int, Asked] | None = None

    def ask(self, time_s: float, center_s: float) -> Asked:
        """Return what is heard at a time of the clip, `center_s` into its sound."""
        number = round(center_s / _ASKED_EVERY_S)
        if self._latest is None or self._latest[0] != number:
            evidence = self.heard.around(number * _ASKED_EVERY_S)
            self.sources.note(time_s, _ASKED_EVERY_S, evidence)
            self._latest = number, Asked(evidence, evidence.log_prior())
        return self._latest[1]


def _information(mass: NDArray[np.float64], omega: NDArray[np.float64]) -> float:
    """Return the divergence of masses (h, w) from the uniform ones, in nats."""
    share = mass / max(float(mass.sum()), 1e-30)
    ratio = np.maximum(share / omega, 1e-12)
    return float(np.sum(share * np.log(ratio)))
