"""How pictures other than equirectangular ones hold the sphere: faces and lenses."""
