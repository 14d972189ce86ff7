"""Path smoothing: linear program, least squares, B-spline, zoom."""
