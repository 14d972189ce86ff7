"""The virtual camera: pose, path, motion limits, lens, horizon, stabilization."""
