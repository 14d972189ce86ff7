"""The commands about the localizer, one file each."""
