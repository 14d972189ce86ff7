"""Jobs that train: adapt trunks, train heads, sweep over recipes."""
