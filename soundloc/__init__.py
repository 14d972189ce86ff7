"""The sound localizer: network, training, evaluation, checkpoints."""
