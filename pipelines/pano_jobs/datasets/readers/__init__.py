"""Readers that turn footage and published data sets into pair sets."""
