"""The job of cross-modal search, its tables, plots and sheets."""
