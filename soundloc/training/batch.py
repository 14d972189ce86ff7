"""A training batch: cached features, targets, and which pairs are positive."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace

import torch
from torch import Tensor


@dataclass(frozen=True, slots=True, eq=False)
class Batch:
    """Cached features and their truth, b pictures and n sounds.

    Parameters
    ----------
    pictures
        (b, channels, h, w), visual trunk features.
    sounds
        (n, features), pooled sound trunk features. The first m belong to pictures.
    picture_of
        (m,), the picture that sound i was drawn for.
    targets
        (m, h, w), the share of each cell that the boxes cover, scaled to sum to 1;
        all zero where the place is unknown.
    silent
        (b, k, h, w), the share of each cell that shows things of each of k kinds that
        some sound must not point at.
    is_denied
        (k, n), sound i must not point at things of a kind.
    belongs
        (b, n): +1 the picture shows the sound's kind, -1 it is foreign to it, 0 it
        shows something easily mistaken for it.
    is_unlocalizable
        (n,), the sound comes from nowhere that can be pointed at.
    kinds
        (n,), the number of the sound's kind in `BatchSampler.kinds`; -1 for nowhere.
    log_weights
        (b, h, w), logarithm of how many cells each cell stands for; 0 unless thinned.
    views
        (2, b, channels, k), the same k places of every picture in two views of it;
        None without a second view.
    """

    pictures: Tensor
    sounds: Tensor
    picture_of: Tensor
    targets: Tensor
    silent: Tensor
    is_denied: Tensor
    belongs: Tensor
    is_unlocalizable: Tensor
    kinds: Tensor
    log_weights: Tensor
    views: Tensor | None = None

    @property
    def n_own(self) -> int:
        """Return m, the number of sounds drawn for a picture."""
        return len(self.picture_of)

    def to(self, device: torch.device) -> Batch:
        """Move every tensor to a device."""
        moved = {
            f.name: value.to(device)
            for f in fields(self)
            if (value := getattr(self, f.name)) is not None
        }
        return Batch(**moved)

    def thinned(self, n_cells: int, *, seed: int) -> Batch:
        """Keep n cells of every picture: those of its objects, and others at random.

        The neck and the response work cell by cell, and most cells are background;
        a quarter of them trains as well at a quarter of the cost. The maps become
        (1, n_cells), and the background that is kept stands for the rest.
        """
        b, channels = self.pictures.shape[:2]
        features = self.pictures.flatten(2)
        targets = self.targets.flatten(1)
        generator = torch.Generator().manual_seed(seed)
        n_all = features.shape[2]
        if n_cells >= n_all:
            return self
        silent = self.silent.flatten(2)
        covered = silent.sum(1).index_add(0, self.picture_of, targets) > 0
        order = (covered + torch.rand(b, n_all, generator=generator)).argsort(
            dim=1, descending=True
        )
        kept = order[:, :n_cells]  # objects first, then a random choice
        is_object = covered.gather(1, kept)
        n_background = (n_all - covered.sum(1)).float()
        share = n_background / (n_cells - is_object.sum(1)).clamp(min=1)
        log_weights = torch.where(is_object, 0.0, share.log()[:, None])
        return replace(
            self,
            pictures=features.gather(2, kept[:, None].expand(-1, channels, -1))[
                :, :, None
            ],
            targets=targets.gather(1, kept[self.picture_of])[:, None],
            silent=silent.gather(2, kept[:, None].expand(-1, silent.shape[1], -1))[
                :, :, None
            ],
            log_weights=log_weights[:, None],
        )
