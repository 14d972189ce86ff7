"""Join networks that learned apart on the same trunks into one ensemble.

Their layers side by side are `headwise_linear.HeadwiseLinear`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import torch
from torch import Tensor

from soundloc.network.model import SoundLocalizationNet

_SIDE_BY_SIDE = (
    *("sound.head.fc9.", "sound.head.fc10."),
    *("visual.neck.mix.", "visual.neck.embed.", "visual_embedding."),
)
_AVERAGED = ("sound.head.presence_head.",)
_CALIBRATED_ANEW = ("confidence_",)


def join_heads(nets: Sequence[SoundLocalizationNet]) -> SoundLocalizationNet:
    """Make one network of some that stand on the same trunks.

    Its response is the mean of theirs, weighted by the lengths of their v_i and h; its
    presence head is the mean of theirs. Its confidence must be calibrated anew.

    Raises
    ------
    ValueError
        If there are none, they differ in more than their heads, or one of them has
        several heads already.
    """
    configs = {net.config for net in nets}
    if len(configs) != 1 or (config := configs.pop()).n_heads != 1:
        raise ValueError(
            "only networks of one head and one configuration can be joined"
        )
    joined = SoundLocalizationNet(replace(config, n_heads=len(nets)))
    states = [net.state_dict() for net in nets]
    joined.load_state_dict(
        {name: _join(name, [state[name] for state in states]) for name in states[0]}
    )
    return joined.eval()


def _join(name: str, tensors: Sequence[Tensor]) -> Tensor:
    if name.startswith(_SIDE_BY_SIDE):
        return torch.cat(list(tensors))
    if name.startswith(_AVERAGED):
        return torch.stack(list(tensors)).mean(dim=0)
    first, *others = tensors
    if not name.startswith(_CALIBRATED_ANEW) and not all(
        torch.equal(first, other) for other in others
    ):
        raise ValueError(f"networks with different {name} cannot be joined")
    return first
