"""Checks of data sets: broken files, and what two sets have in common."""
