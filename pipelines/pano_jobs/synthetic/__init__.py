"""A drawn and synthesised 360° world whose sounding directions are known exactly."""
