"""Data sets of pictures and sounds: tables on disk, annotations, features."""
