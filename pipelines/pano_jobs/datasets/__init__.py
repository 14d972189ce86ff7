"""Making data sets: composed scenes, footage, published sets."""
