"""Ambisonics: the sound field of the whole sphere, as channels of harmonics.

Inside the project a field is always ambiX (Nachbar et al. 2011): channels in the order
ACN, normalised SN3D, orders 1 to 3; what files hold is brought there by
`pano.ambisonics.formats`. Directions are the project's own (`pano.sphere`): yaw is
positive to the right, where the azimuth of the ambisonic literature grows to the left.
"""
