"""Which view to be in when: view grid, dynamic program, framing, turn timing."""
