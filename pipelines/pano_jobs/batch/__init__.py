"""The `batch` job: every video of a folder, surviving kills, failures and company."""
