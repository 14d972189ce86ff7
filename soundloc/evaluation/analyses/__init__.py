"""One analysis a module: localization, negatives, calibration and others."""
