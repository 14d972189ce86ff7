"""Planning of the camera path from saliency maps."""
