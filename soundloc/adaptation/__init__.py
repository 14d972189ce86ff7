"""Adapting the pretrained trunks to what they will see and hear, before any head."""
