"""Figures, tables and comparisons made of the analyses."""
