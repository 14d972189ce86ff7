"""Looking at some pictures of a file for what its metadata do not say."""
