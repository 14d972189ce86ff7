"""Many trainings that differ in one thing: the paper's tables, and our ablation."""
