"""Sweeps of trainings for the paper's tables and an ablation."""
