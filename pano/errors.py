"""Exceptions of `pano` for users; each message is a sentence with its remedy."""


class PanoError(Exception):
    """Base of every expected failure of this package."""


class MediaError(PanoError):
    """A file cannot be read or written as video."""


class NoAudioError(MediaError):
    """A file has no sound to listen to."""


class NotSphericalError(MediaError):
    """A picture does not cover the sphere."""


class SettingsError(PanoError):
    """Settings contradict each other or are out of range."""
