"""How well a localizer points, and whether it knows when not to: sections 5.1–5.3."""
