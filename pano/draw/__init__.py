"""Drawing into equirectangular pictures: heat maps, outlines, flat sprites."""
