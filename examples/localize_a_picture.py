"""One picture, three sounds: the localizer looks at another thing for each.

Run it as `python examples/localize_a_picture.py`.
"""

import numpy as np

from pano.draw.billboard import paint_billboard
from pano.sphere import Direction, pixel_to_angles_deg
from pano_jobs.synthetic.landscape import panorama
from pano_jobs.synthetic.sprites import SourceKind, sprite
from pano_jobs.synthetic.synthesis import sound
from soundloc import SoundLocalizer

SEED = 7
PLACES = {
    SourceKind.FIRE: Direction(-90.0, -8.0),
    SourceKind.BELL: Direction(0.0, -4.0),
    SourceKind.SIREN: Direction(90.0, -6.0),
}


def main() -> None:
    """Draw the picture, play each sound, print where the map peaks."""
    picture = panorama(SEED, 960, 480)
    for kind, place in PLACES.items():
        paint_billboard(picture, sprite(kind, SEED, 0.0), center=place, width_deg=28.0)
    localizer = SoundLocalizer.load()
    for kind, place in PLACES.items():
        found = localizer.localize(picture, sound(kind, SEED, 5.0))
        y, x = np.unravel_index(found.attention.argmax(), found.attention.shape)
        height, width = found.attention.shape
        yaw_deg, pitch_deg = pixel_to_angles_deg(x, y, width, height)
        print(
            f"{kind}: is at yaw {place.yaw_deg:+4.0f}°, found at yaw {yaw_deg:+4.0f}°, "
            f"pitch {pitch_deg:+3.0f}°, confidence {found.confidence:.2f}"
        )


if __name__ == "__main__":
    main()
