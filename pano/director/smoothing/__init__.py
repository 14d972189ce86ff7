"""From views to a smooth path: linear program, least squares, spline, zoom."""
