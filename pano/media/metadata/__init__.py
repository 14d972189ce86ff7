"""Metadata of the sphere in a file: MP4 boxes, spherical video V1 and V2."""
