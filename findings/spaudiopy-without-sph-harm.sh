#!/usr/bin/env bash
# spaudiopy 0.2.0, the ambisonics toolbox, has no spherical harmonics with a current SciPy.
#
# Seen with spaudiopy 0.2.0 and SciPy 1.17.1. It asks for `scipy` of any version, but calls
# `scipy.special.sph_harm`, deprecated in SciPy 1.15 and gone in 1.17: pip installs the two
# together without a word, and `spaudiopy.sph.sh_matrix`, on which encoding, decoding and
# rotation stand, raises AttributeError. With `scipy.special.sph_harm` put back in terms of
# `sph_harm_y` (other order of arguments, and the two angles exchanged) it works, and agrees with
# the closed form of the first order.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" -q install spaudiopy==0.2.0 scipy==1.17.1
cd "$work"
"$work/venv/bin/python" -W ignore - <<'PY'
import numpy as np
import scipy
import scipy.special
import spaudiopy

azimuth, zenith = np.array([0.3, -2.0]), np.array([1.2, 0.4])
try:
    spaudiopy.sph.sh_matrix(1, azimuth, zenith, sh_type="real")
    raised = "nothing"
except AttributeError as error:
    raised = str(error)
print("SciPy", scipy.__version__, "- spaudiopy.sph.sh_matrix raises:", raised)
scipy.special.sph_harm = lambda m, n, az, ze: scipy.special.sph_harm_y(n, m, ze, az)
found = spaudiopy.sph.sh_matrix(1, azimuth, zenith, sh_type="real")
y = np.sqrt(3.0 / (4.0 * np.pi)) * np.sin(azimuth) * np.sin(zenith)
print("with it put back, error of Y:", float(np.abs(found[:, 1] - y).max()))
assert "sph_harm" in raised
assert np.allclose(found[:, 1], y)
PY
echo "as found"
