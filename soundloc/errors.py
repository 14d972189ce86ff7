"""The failures a user can meet in `soundloc`, each a sentence with its remedy."""


class SoundlocError(Exception):
    """Base of every expected failure of this package."""


class CheckpointError(SoundlocError):
    """A checkpoint is missing, damaged or of another kind."""


class DatasetError(SoundlocError):
    """Training or test material is missing or malformed."""
