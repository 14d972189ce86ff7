"""The commands on 360° videos, one file each."""
