"""Where a clip's left eye lies in its picture, and on the sphere, in pixels.

For programs that come to the eye's sphere by their own filters, as
`pano.equirect.conversion` does by ours.
"""

from __future__ import annotations

from dataclasses import dataclass

from pano.equirect.layouts import SphereBounds, StereoLayout


@dataclass(frozen=True, slots=True)
class EyeOnSphere:
    """The left eye of a picture and its part of a whole sphere.

    Parameters
    ----------
    picture_px, eye_px, sphere_px
        Width and height of the picture, of its left eye at the upper left, and of the
        whole sphere.
    place
        Left, top, right and bottom of the eye on the sphere.
    top_px
        Rows of the picture above the eye, which are black, as many as below.
    """

    picture_px: tuple[int, int]
    eye_px: tuple[int, int]
    sphere_px: tuple[int, int]
    place: tuple[int, int, int, int]
    top_px: int = 0

    @classmethod
    def of(
        cls,
        inner_px: tuple[int, int],
        layout: StereoLayout,
        bounds: SphereBounds,
        *,
        black_rows_px: int = 0,
    ) -> EyeOnSphere:
        """Find the left eye of an upright picture, of this size inside its bars."""
        # OpenCV comes with it, and `pano --help`, which names exports, needs none.
        from pano.equirect.conversion import equirect_size

        eye_px = inner_px[0] // layout.n_columns, inner_px[1] // layout.n_rows
        picture_px = inner_px[0], inner_px[1] + 2 * black_rows_px
        if bounds.is_full:  # a squeezed eye is read as it is
            return cls(picture_px, eye_px, eye_px, (0, 0, *eye_px), black_rows_px)
        sphere_px = equirect_size(*eye_px, bounds)
        place = bounds.rectangle(*sphere_px)
        return cls(picture_px, eye_px, sphere_px, place, black_rows_px)

    @property
    def is_whole_picture(self) -> bool:
        """Tell whether there is no other eye and no bar."""
        return self.eye_px == self.picture_px

    @property
    def is_whole_sphere(self) -> bool:
        """Tell whether the eye shows all of the sphere."""
        return self.place == (0, 0, *self.sphere_px)

    @property
    def place_px(self) -> tuple[int, int]:
        """Return width and height of the eye on the sphere."""
        x0, y0, x1, y1 = self.place
        return x1 - x0, y1 - y0

    @property
    def shares(self) -> tuple[float, float, float, float]:
        """Return left, top, width and height on the sphere, each in [0, 1]."""
        width_px, height_px = self.sphere_px
        return (
            self.place[0] / width_px,
            self.place[1] / height_px,
            self.place_px[0] / width_px,
            self.place_px[1] / height_px,
        )
