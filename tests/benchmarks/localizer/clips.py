"""Line 3: real clips, own sounds against foreign ones, and boxes drawn by people."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import torch
from numpy.typing import NDArray

from pano.errors import PanoError
from pano_jobs.datasets.kinds import are_related, kind_of
from pano_jobs.datasets.sources.clips import cut_window, open_clip, read_track
from soundloc import SoundLocalizer
from soundloc.data.pairs import SAMPLE_RATE_HZ, Box
from soundloc.evaluation.weighted_statistics import auroc
from soundloc.inference.localizer import Localization
from soundloc.inference.window_embedding import WindowEmbedding
from soundloc.network import attention
from soundloc.scoring import (
    GRID_PX,
    ScoringProtocol,
    consensus_map,
    resize_response,
    score_picture,
)
from soundloc.scoring.baselines import centred_disc
from soundloc.scoring.intervals import Interval, bootstrap_statistic
from tests.benchmarks.localizer.listening import WINDOW_S, Array, Listener
from tests.benchmarks.localizer.sheets import Sheet
from tests.benchmarks.localizer.table import Figure, Section, mean

N_MOMENTS = 3
_N_CONSENSUS = 2
# What the table of clips calls by names of its own.
_KINDS = {"traffic": "vehicle"}

Matrix = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class RealClip:
    """A clip at some moments: what is seen (D, h, w) and heard at each."""

    name: str
    kind: str
    is_sure: bool
    visuals: list[Array]
    sounds: list[WindowEmbedding]


def read_clips(
    material: Path, listener: Listener, seeing: SoundLocalizer, sheet: Sheet
) -> list[RealClip]:
    """See and hear every clip whose sound is not known to be foreign."""
    with (material / "video" / "labels.csv").open(
        encoding="utf-8", newline=""
    ) as lines:
        rows = [r for r in csv.DictReader(lines) if r["certainty"] != "wrong"]
    clips = []
    for row in rows:
        clip = RealClip(
            row["file"],
            _KINDS.get(row["class"], kind_of(row["class"])),
            row["certainty"] == "sure",
            [],
            [],
        )
        try:
            _look_and_listen(
                material / "video" / clip.name, clip, listener, seeing, sheet
            )
        except PanoError as error:
            print(f"  left out: {error}")
            continue
        clips.append(clip)
    return clips


def _look_and_listen(
    path: Path,
    clip: RealClip,
    listener: Listener,
    seeing: SoundLocalizer,
    sheet: Sheet,
) -> None:
    with open_clip(path) as footage:
        track = footage.track()
        duration_s = len(track) / SAMPLE_RATE_HZ
        for number in range(N_MOMENTS):
            time_s = duration_s * (number + 1) / (N_MOMENTS + 1)
            picture = footage.frame_at(time_s)
            if picture is None:
                continue
            clip.visuals.append(seeing.see(picture, wrap=footage.is_sphere))
            window = cut_window(track, time_s, WINDOW_S)
            clip.sounds.append(listener.hear(window.samples))
            if number == N_MOMENTS // 2:
                found = listener.ask(clip.visuals[-1], clip.sounds[-1])
                sheet.add(
                    picture, found, f"{clip.kind} {found.confidence:.2f} {clip.name}"
                )


def own_against_foreign(clips: Sequence[RealClip], listener: Listener) -> Section:
    """Compare each picture's own sound with the sounds of clips of other kinds."""
    asked: list[tuple[str, Callable[[Localization], float], bool]] = [
        ("peak above the picture's mean", peak_of, True),
        ("peak", peak_of, False),
        ("confidence", lambda found: found.confidence, False),
    ]
    answers = answer_all(clips, listener)
    sure = [number for number, clip in enumerate(clips) if clip.is_sure]
    figures = []
    for what, chosen in (
        (f"all {len(clips)} clips", list(range(len(clips)))),
        (f"{len(sure)} surely their own", sure),
    ):
        kinds = [clips[i].kind for i in chosen]
        for name, measure, is_centred in asked:
            matrix = score_matrix(
                [[answers[i][j] for j in chosen] for i in chosen], measure
            )
            figure = compare_pairs(matrix, kinds, is_centred=is_centred)
            goal = 0.85 if is_centred else None
            figures.append(
                Figure(f"AUC, {name}, {what}", figure, chance=0.5, goal=goal)
            )
    return Section("3. Real clips, own sound against foreign sounds", figures)


def answer_all(
    clips: Sequence[RealClip], listener: Listener
) -> list[list[list[Localization]]]:
    """Ask every clip's pictures with every clip's sounds, moment by moment."""
    return [
        [
            [
                listener.ask(visual, heard.sounds[number % len(heard.sounds)])
                for number, visual in enumerate(seen.visuals)
            ]
            for heard in clips
        ]
        for seen in clips
    ]


def score_matrix(
    answers: Sequence[Sequence[Sequence[Localization]]],
    measure: Callable[[Localization], float],
) -> Matrix:
    """Average a measure over the moments: (n pictures, n sounds)."""
    return np.array(
        [
            [np.mean([measure(found) for found in cell]) for cell in row]
            for row in answers
        ]
    )


def peak_of(found: Localization) -> float:
    """Average the strongest cells of a response, as the confidence does."""
    return float(attention.peak(torch.from_numpy(found.response)))


def compare_pairs(
    matrix: Matrix, kinds: Sequence[str], *, is_centred: bool
) -> Interval:
    """Measure how often an own sound beats a foreign one, clips resampled.

    Pairs of related kinds are left out: either sound may fit.
    """
    n = len(matrix)
    scores = matrix - matrix.mean(axis=1, keepdims=True) if is_centred else matrix
    is_own = np.eye(n, dtype=bool)
    foreign = [[not are_related(a, b) for b in kinds] for a in kinds]
    seen, heard = np.nonzero(is_own | np.array(foreign))
    own = seen == heard

    def statistic(times: NDArray[np.float64]) -> NDArray[np.float64]:
        # A pair counts as often as both its clips were drawn, an own pair once each.
        weights = np.where(own, times[..., seen], times[..., seen] * times[..., heard])
        return auroc(scores[seen, heard], own, weights)

    return bootstrap_statistic(statistic, np.arange(n))


@dataclass(frozen=True, slots=True, eq=False)
class BoxedPair:
    """A picture and its sound with the boxes of each subject."""

    name: str
    picture: NDArray[np.uint8]
    window: Array
    opinions: list[list[Box]]


def read_boxed_pairs(material: Path) -> list[BoxedPair]:
    """Read the boxed moments of clips, and the pairs of stills and sounds."""
    pairs = []
    for entry in _entries(material / "video" / "boxes.json"):
        with open_clip(material / "video" / entry["file"]) as clip:
            window = cut_window(clip.track(), entry["t_s"], WINDOW_S).samples
            picture = clip.frame_at(entry["t_s"])
        if picture is not None:
            pairs.append(BoxedPair(entry["class"], picture, window, [entry["boxes"]]))
    folder = material / "flickr_pairs"
    for entry in _entries(folder / "boxes.json"):
        bgr = cv2.imread(str(folder / entry["image"]), cv2.IMREAD_COLOR)
        picture = np.asarray(cv2.cvtColor(bgr, cv2.COLOR_BGR2RGB), np.uint8)
        sound = read_track(folder / entry["sound"])
        opinions = [[box] for box in entry["boxes"]]
        pairs.append(BoxedPair(f"Flickr, {entry['seen']}", picture, sound, opinions))
    return pairs


def score_boxed(
    pairs: Sequence[BoxedPair], listener: Listener, seeing: SoundLocalizer, sheet: Sheet
) -> Section:
    """Score the response under the adaptive protocol, beside disc and prior."""
    rows = []
    for pair in pairs:
        visual = seeing.see(pair.picture)
        found = listener.ask(visual, listener.hear(pair.window))
        truth = consensus_map(
            pair.opinions, n_consensus=_N_CONSENSUS if len(pair.opinions) > 1 else 1
        )
        maps = (
            resize_response(found.response),
            resize_response(listener.prior(visual)),
            centred_disc(GRID_PX, GRID_PX),
        )
        scores = [score_picture(m, truth, ScoringProtocol.ADAPTIVE) for m in maps]
        rows.append([s.ciou for s in scores])
        boxes = [box for opinion in pair.opinions for box in opinion]
        words = f"{pair.name} cIoU {rows[-1][0]:.2f} confidence {found.confidence:.2f}"
        sheet.add(pair.picture, found, words, right=boxes)
    measured, prior, disc = np.array(rows).T
    groups = range(len(rows))
    goal = max(float(prior.mean()), float(disc.mean()))
    figures = [
        Figure(
            "mean adaptive cIoU (chance: centred disc)",
            mean(measured, groups),
            mean(prior, groups),
            float(disc.mean()),
            goal,
        )
    ]
    remarks = [
        f"{pair.name}: cIoU {m:.2f}, prior {p:.2f}, centred disc {d:.2f}"
        for pair, (m, p, d) in zip(pairs, rows, strict=True)
    ]
    return Section("3. Real clips and pairs with boxes", figures, remarks)


def _entries(table: Path) -> list[dict]:
    return json.loads(table.read_text(encoding="utf-8")) if table.is_file() else []
