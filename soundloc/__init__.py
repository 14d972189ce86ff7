"""The sound localizer: network, training, evaluation, checkpoints.

The names below load on first use: importing torch takes seconds, which a caller that
wants only `soundloc.errors` should not pay.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from soundloc.inference.localizer import Localization, SoundLocalizer

__all__ = ["Localization", "SoundLocalizer"]


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from soundloc.inference import localizer

    return getattr(localizer, name)
