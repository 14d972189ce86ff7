"""Training of the heads: batches, losses, the loop, calibration."""
