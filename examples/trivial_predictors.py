"""What a data set's boxes give away: scores of predictors that do not listen.

Run it as `python examples/trivial_predictors.py vggss path/to/vggss.json`; the other
formats are `flickr` (JSON), `flickr-xml` (a folder) and `boxes` (AVSBench, IS3, VPO).
Without arguments it makes up some boxes.
"""

import sys
from pathlib import Path

import numpy as np

from soundloc.data.annotations import (
    read_box_json,
    read_flickr_json,
    read_flickr_xml,
    read_vggss,
)
from soundloc.scoring import ScoringProtocol, consensus_map
from soundloc.scoring.baselines import mean_truth, score_trivial

READERS = {
    "vggss": read_vggss,
    "flickr": read_flickr_json,
    "flickr-xml": read_flickr_xml,
    "boxes": read_box_json,
}
Opinions = list[tuple[tuple[tuple[float, float, float, float], ...], ...]]


def main() -> None:
    """Read or make up the boxes and print a table for two protocols."""
    opinions, n_consensus = chosen_boxes(sys.argv[1:])

    def truths(start: int = 0, step: int = 1):
        for boxes in opinions[start::step]:
            yield consensus_map(boxes, n_consensus=n_consensus)

    # Where the sources of the other half of the pictures are.
    halves = [mean_truth(truths(1 - half, 2)) for half in (0, 1)]
    print(f"{len(opinions)} pictures; success at cIoU 0.5 / AUC in per cent")
    for protocol in (ScoringProtocol.TOP50, ScoringProtocol.ADAPTIVE):
        priors = (halves[i % 2] for i in range(len(opinions)))
        print(f"\n{protocol:14s}  cIoU / AUC    95 %{'':29s}pointing")
        for predictor, scores in score_trivial(
            truths(), protocol, priors=priors
        ).items():
            success, auc = scores.success(), scores.auc()
            print(
                f"{predictor:14s} {100 * success.mean:6.2f} / {100 * auc.mean:5.2f}"
                f"  [{100 * success.low:5.1f}, {100 * success.high:5.1f}]"
                f" / [{100 * auc.low:4.1f}, {100 * auc.high:4.1f}]"
                f"  {100 * scores.pointing_accuracy().mean:5.1f}"
            )


def chosen_boxes(arguments: list[str]) -> tuple[Opinions, int]:
    """Return each picture's boxes by subject, and how many subjects must agree."""
    if arguments:
        if len(arguments) != 2 or arguments[0] not in READERS:
            sys.exit(f"give one of {', '.join(READERS)} and its file, or nothing")
        annotations = READERS[arguments[0]](Path(arguments[1]))
        pictures = annotations.with_source()
        return [p.boxes_by_subject() for p in pictures], annotations.n_consensus
    rng = np.random.default_rng(0)
    centers = rng.uniform(0.3, 0.7, (100, 2))
    halves = rng.uniform(0.1, 0.5, (100, 2))
    corners = np.hstack([centers - halves, centers + halves]).clip(0.0, 1.0)
    return [((tuple(box),),) for box in corners.tolist()], 1


if __name__ == "__main__":
    main()
