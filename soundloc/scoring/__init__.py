"""The localization metrics of the paper's section 5.2 and of the field after it."""

from soundloc.scoring.measures import (
    PictureScore,
    ciou,
    pointing,
    score_mask,
    score_picture,
    subject_ious,
)
from soundloc.scoring.protocols import (
    PAPER_TAU,
    ScoringProtocol,
    resize_response,
    select_source,
)
from soundloc.scoring.summary import (
    BARS,
    SUCCESS_CIOU,
    Scores,
    SourceSize,
    collect_scores,
    size_of,
)
from soundloc.scoring.truth import GRID_PX, box_map, consensus_map

__all__ = [
    "BARS",
    "GRID_PX",
    "PAPER_TAU",
    "SUCCESS_CIOU",
    "PictureScore",
    "Scores",
    "ScoringProtocol",
    "SourceSize",
    "box_map",
    "ciou",
    "collect_scores",
    "consensus_map",
    "pointing",
    "resize_response",
    "score_mask",
    "score_picture",
    "select_source",
    "size_of",
    "subject_ious",
]
