"""A localizer of a network that is a torch module, such as one in training."""

from __future__ import annotations

from soundloc.inference.engine import VisualEngine
from soundloc.inference.localizer import SoundLocalizer
from soundloc.inference.torch_engine import TorchEar, TorchEngine, stored_of
from soundloc.network.model import SoundLocalizationNet


def localizer_of(
    net: SoundLocalizationNet, engine: VisualEngine | None = None
) -> SoundLocalizer:
    """Make a localizer of a network as it stands, such as one in training.

    Parameters
    ----------
    engine
        Computes its visual stream, on a device of its own; None lets torch do it.
    """
    net = net.eval()
    return SoundLocalizer(
        stored_of(net), engine or TorchEngine(net.visual), TorchEar(net.sound)
    )
