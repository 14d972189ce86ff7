"""The default checkpoint and its model card."""
