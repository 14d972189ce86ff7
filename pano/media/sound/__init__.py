"""Sound tracks: decoded for analysis, copied by packet, written."""
