"""The figures of a search as tables: plain for the terminal, Markdown for a file."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from soundloc.evaluation.reporting.tables import Table
from soundloc.retrieval import (
    ConditionalFigures,
    Criterion,
    Direction,
    Form,
    RankingFigures,
    RetrievalFigures,
    SearchFigures,
)
from soundloc.scoring.intervals import Interval

ARROWS = {
    Direction.SOUND_TO_PICTURE: "sound → picture",
    Direction.PICTURE_TO_SOUND: "picture → sound",
}
FORM_WORDS = {
    Form.PAPER: "paper: picture embedded with its own sound",
    Form.GUIDED: "strict: with the sound it is compared with",
    Form.UNGUIDED: "strict: with none, all cells alike",
    Form.PEAK: "strict: no embedding, peak of the response",
}
# What Table 6 compares: the paper's form, and for each direction the strict one.
TABLE_6_FORMS = {
    Direction.SOUND_TO_PICTURE: (Form.PAPER, Form.GUIDED),
    Direction.PICTURE_TO_SOUND: (Form.PAPER, Form.UNGUIDED),
}


def short_tables(figures: RetrievalFigures) -> tuple[Table, ...]:
    """Return the tables for a terminal: means, and intervals where they decide."""
    tables = [table_6(figures, has_intervals=False)]
    for criterion in (Criterion.SHOWN, Criterion.SOUNDING, Criterion.OWN):
        # The very pair is the only truth where nothing has a kind.
        if criterion is Criterion.OWN and len(tables) > 1:
            continue
        if _of(figures, criterion):
            tables.append(label_table(figures, criterion, has_intervals=False))
    if figures.conditional is not None:
        tables.append(conditional_table(figures.conditional))
    return tuple(tables)


def all_tables(figures: RetrievalFigures) -> tuple[Table, ...]:
    """Return everything with its interval."""
    tables = [table_6(figures, has_intervals=True)]
    tables += [
        label_table(figures, criterion, has_intervals=True)
        for criterion in (Criterion.SHOWN, Criterion.SOUNDING, Criterion.OWN)
        if _of(figures, criterion)
    ]
    if figures.conditional is not None:
        tables.append(conditional_table(figures.conditional))
    if figures.by_kind:
        tables.append(kind_table(figures))
    return tuple(tables)


def table_6(figures: RetrievalFigures, *, has_intervals: bool) -> Table:
    """Return the paper's Table 6: the share of neighbours that share a pseudo-label."""
    searches = [
        figures.search(direction, form, Criterion.LABELS)
        for direction, forms in TABLE_6_FORMS.items()
        for form in (Form if has_intervals else forms)
    ]
    ks = searches[0].figures.ks
    rows = [
        (
            _name(search),
            *(_share(x, has_intervals=has_intervals) for x in search.figures.precision),
            "" if search.random_10 is None else f"{100 * search.random_10:.1f}",
        )
        for search in searches
    ]
    return Table(
        "Table 6, % of the k nearest that share a pseudo-label with the query; "
        f"labels: {figures.pseudo_labels}",
        ("", *(f"k={k}" for k in ks), "random-10"),
        tuple(rows),
    )


def label_table(
    figures: RetrievalFigures, criterion: Criterion, *, has_intervals: bool
) -> Table:
    """Return R@k, precision@k and mAP of every form by one criterion."""
    searches = _of(figures, criterion)
    ks = searches[0].figures.ks
    meaning = {
        Criterion.SHOWN: "right: the picture shows a thing of the sound's kind",
        Criterion.SOUNDING: "right: the thing that sounds in the pair is of that kind",
        Criterion.OWN: "right: picture and sound are of one pair",
    }
    rows: list[tuple[str, ...]] = []
    for direction in Direction:
        chosen = [search for search in searches if search.direction is direction]
        rows += [_label_row(search, has_intervals=has_intervals) for search in chosen]
        rows += [_chance_row(direction, search.figures) for search in chosen[:1]]
    return Table(
        f"{meaning[criterion][0].upper()}{meaning[criterion][1:]}; in %",
        ("", *(f"R@{k}" for k in ks), *(f"P@{k}" for k in ks if k > 1), "mAP"),
        tuple(rows),
    )


def conditional_table(figures: ConditionalFigures) -> Table:
    """Return Fig. 12 in numbers."""
    rows = (
        ("nearest pictures that show what is heard", figures.heard, figures.chance),
        ("… that show the silent thing instead", figures.silent, figures.chance),
        ("difference", figures.difference, 0.0),
        ("neighbours common to both sounds", figures.shared, None),
        ("nearest sounds of the kind heard", figures.sounds, figures.chance_sounds),
    )
    return Table(
        f"Fig. 12: {figures.n_pictures} pictures, each embedded with two sounds; in %",
        ("", *(f"k={k}" for k in figures.ks), "chance"),
        tuple(
            (
                name,
                *(_share(x, has_intervals=True) for x in values),
                "" if chance is None else f"{100 * chance:.1f}",
            )
            for name, values, chance in rows
        ),
    )


def kind_table(figures: RetrievalFigures) -> Table:
    """Return mAP of pictures by the sound's kind, the most frequent kind first."""
    kinds = sorted({(-row.n_queries, row.kind, row.chance) for row in figures.by_kind})
    found = {(row.kind, row.form): row.average_precision for row in figures.by_kind}
    return Table(
        "Sound → picture by kind, mAP in %",
        ("", "queries", *(form.value for form in Form), "chance"),
        tuple(
            (
                kind,
                f"{-n}",
                *(f"{100 * found[kind, form]:.1f}" for form in Form),
                f"{100 * chance:.1f}",
            )
            for n, kind, chance in kinds
        ),
    )


def _of(figures: RetrievalFigures, criterion: Criterion) -> list[SearchFigures]:
    return [search for search in figures.searches if search.criterion is criterion]


def _name(search: SearchFigures) -> str:
    return f"{ARROWS[search.direction]}  {FORM_WORDS[search.form]}"


def _label_row(search: SearchFigures, *, has_intervals: bool) -> tuple[str, ...]:
    figures = search.figures
    return (
        f"{_name(search)} (n={figures.n_queries})",
        *(_share(x, has_intervals=has_intervals) for x in figures.recall),
        *(
            _share(x, has_intervals=has_intervals)
            for k, x in zip(figures.ks, figures.precision, strict=True)
            if k > 1  # P@1 is R@1
        ),
        _share(figures.average_precision, has_intervals=True),
    )


def _chance_row(direction: Direction, figures: RankingFigures) -> tuple[str, ...]:
    shares: Iterator[float] = iter(
        (
            *figures.chance_recall,
            *(figures.chance_precision for k in figures.ks if k > 1),
            figures.chance_average_precision,
        )
    )
    return (f"{ARROWS[direction]}  chance", *(f"{100 * x:.1f}" for x in shares))


def _share(value: Interval, *, has_intervals: bool) -> str:
    mean = f"{100 * value.mean:.1f}"
    if not has_intervals:
        return mean
    return f"{mean} [{100 * value.low:.1f}, {100 * value.high:.1f}]"


def as_text(tables: Sequence[Table]) -> str:
    """Join tables for a terminal."""
    return "\n\n".join(table.text() for table in tables)


def as_markdown(tables: Sequence[Table], *, heading: str) -> str:
    """Join tables for a file."""
    return "\n\n".join([f"# {heading}", *(table.markdown() for table in tables)]) + "\n"
