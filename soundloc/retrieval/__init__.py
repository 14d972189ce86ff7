"""Cross-modal retrieval between sounds and pictures in the shared embedding space.

Section 5.4 of the paper (Table 6, Fig. 11 and 12), and the same search in forms whose
gallery has not met the query's kind of thing.
"""

from soundloc.retrieval.conditional import ConditionalFigures
from soundloc.retrieval.labels import PseudoLabels, kinds_as_labels, label_objects
from soundloc.retrieval.measure import (
    Criterion,
    Direction,
    Form,
    KindFigures,
    RetrievalFigures,
    SearchFigures,
    measure_retrieval,
    tables,
)
from soundloc.retrieval.pairs import Database, SoundingPair, draw_database
from soundloc.retrieval.ranking import RankingFigures, judge, neighbours, rank
from soundloc.retrieval.scores import Embedder, Similarities, compare_all
from soundloc.retrieval.search import find_pictures, find_sounds

__all__ = [
    "ConditionalFigures",
    "Criterion",
    "Database",
    "Direction",
    "Embedder",
    "Form",
    "KindFigures",
    "PseudoLabels",
    "RankingFigures",
    "RetrievalFigures",
    "SearchFigures",
    "Similarities",
    "SoundingPair",
    "compare_all",
    "draw_database",
    "find_pictures",
    "find_sounds",
    "judge",
    "kinds_as_labels",
    "label_objects",
    "measure_retrieval",
    "neighbours",
    "rank",
    "tables",
]
