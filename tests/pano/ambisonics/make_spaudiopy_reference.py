"""Write what spaudiopy 0.2.0 says about harmonics, formats and rotations.

Run by hand, `pip install spaudiopy==0.2.0` first; the tests read the file alone.
Spaudiopy (Hold and others, MIT licence) counts azimuth to the left and zenith from
above, both in radians; its harmonics are ACN, orthonormal: N3D / √4π. What is written,
for q directions and r rotations:

- azimuth_rad, zenith_rad: (q,).
- n3d, sn3d: the harmonics of order 3, times √4π, shape (q, 16).
- b_format: W X Y Z with W weaker by 3 dB, times √4π, shape (q, 4); FuMa of order 1.
- angles_deg: (r, 3), spaudiopy's yaw, pitch and roll.
- rotations: (r, 16, 16), what turns a field by them. It moves what sounds ahead to the
  right, then up, and rolls before that: the inverse, its transpose, belongs to a
  camera of the same yaw and pitch and the opposite roll.
"""

from __future__ import annotations

import importlib
from pathlib import Path

import numpy as np
import scipy.special

TARGET = Path(__file__).with_name("spaudiopy_0_2_0.npz")
ORDER = 3
N_DIRECTIONS = 12
ANGLES_DEG = (
    (90.0, 0.0, 0.0),
    (0.0, 35.0, 0.0),
    (0.0, 0.0, -50.0),
    (-160.0, -70.0, 125.0),
)


def main() -> None:
    # SciPy 1.17 has dropped the name that spaudiopy 0.2.0 uses.
    scipy.special.sph_harm = lambda m, n, azimuth, zenith: scipy.special.sph_harm_y(
        n, m, zenith, azimuth
    )
    # By name: it is no dependency, and has no types.
    sph = importlib.import_module("spaudiopy.sph")

    rng = np.random.default_rng(0)
    azimuth_rad = rng.uniform(-np.pi, np.pi, N_DIRECTIONS)
    zenith_rad = np.arccos(rng.uniform(-1.0, 1.0, N_DIRECTIONS))
    orthonormal = sph.sh_matrix(ORDER, azimuth_rad, zenith_rad)
    n3d = np.sqrt(4.0 * np.pi) * orthonormal
    np.savez_compressed(
        TARGET,
        azimuth_rad=azimuth_rad,
        zenith_rad=zenith_rad,
        n3d=n3d,
        sn3d=sph.n3d_to_sn3d(n3d.T).T,
        b_format=sph.sh_to_b(orthonormal[:, :4].T, W_weight=np.sqrt(0.5)).T,
        angles_deg=np.array(ANGLES_DEG),
        rotations=np.stack(
            [sph.sh_rotation_matrix(ORDER, *np.radians(a)) for a in ANGLES_DEG]
        ),
    )


if __name__ == "__main__":
    main()
