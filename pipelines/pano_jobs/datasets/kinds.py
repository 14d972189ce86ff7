"""Classes of sound sources: which are merged, and which must not be paired."""

from __future__ import annotations

# Classes that no ear or eye at this resolution tells apart share a kind.
_KINDS: dict[str, str] = {
    "person": "speech laughing crying_baby coughing sneezing clapping footsteps snoring"
    " breathing children_playing brushing_teeth drinking_sipping",
    "vehicle": "car car_horn engine truck bus motorcycle tank",
    "bird": "birds chirping_birds crow",
    "fowl": "rooster hen turkey",
    "waterfowl": "duck goose",
    "insect": "insects crickets",
    "clock": "clock_alarm clock_tick",
    "keyboard": "keyboard_typing mouse_click",
    "guitar": "guitar banjo mandolin",
    "brass": "french_horn trombone trumpet tuba",
    "woodwind": "oboe clarinet bass_clarinet bassoon contrabassoon cor_anglais flute",
    "strings": "cello violin double_bass",
    "water": "water sea_waves pouring_water",
    "bell": "church_bells",
    "fire": "crackling_fire",
}
_MERGED = {name: kind for kind, names in _KINDS.items() for name in names.split()}
# Sounds that come from everywhere: nothing in a picture answers to them.
NOWHERE = frozenset({"wind", "rain", "thunderstorm"})
# Kinds that may be mistaken for each other are neither pasted together nor used as
# foreign sounds for each other.
_RELATED = (
    frozenset({"vehicle", "siren"}),
    frozenset({"vehicle", "train", "airplane", "helicopter", "chainsaw"}),
    frozenset({"bird", "fowl", "waterfowl", "insect", "frog"}),
    frozenset({"cow", "sheep", "pig", "deer", "camel", "donkey", "horse"}),
    frozenset({"brass", "woodwind", "saxophone", "strings", "organ"}),
    frozenset({"bell", "clock"}),
    # The classes of STARSS23: one person speaks, laughs, claps and walks.
    frozenset(
        {"person", "female speech", "male speech", "laughter", "clapping", "footsteps"}
    ),
    frozenset({"music", "musical instrument"}),
    frozenset({"telephone", "bell"}),
    frozenset({"door", "knock"}),
)
# An ape must never answer to speech nor a person to an ape: apes are seen in silence,
# and no ape is heard. Monkeys count as apes.
APES = "ape"


def kind_of(name: str) -> str:
    """Return the merged class (kind) of a class."""
    return _MERGED.get(name, name)


def are_related(a: str | None, b: str | None) -> bool:
    """Tell whether two kinds are the same or easily mistaken for each other."""
    return a == b or any(a in group and b in group for group in _RELATED)


def must_not_meet(a: str | None, b: str | None) -> bool:
    """Tell whether one kind must never be paired with sounds of the other."""
    return {a, b} == {APES, "person"}
