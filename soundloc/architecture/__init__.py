"""What the networks are, in numbers: for training in torch and for inference."""
