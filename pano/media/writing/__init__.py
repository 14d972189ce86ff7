"""Writing films: encoders, what a film becomes, the file that appears when whole."""
