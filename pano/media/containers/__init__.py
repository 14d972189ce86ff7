"""What containers carry: sounds, exact times, and what a clip says of its recording."""
