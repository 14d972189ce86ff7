"""360° video: the sphere, media, rendering and camera direction."""
