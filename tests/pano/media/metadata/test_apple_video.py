"""Apple's boxes of immersive video, made byte by byte after the specification."""

import pytest

from pano.equirect.layouts import StereoLayout
from pano.media.metadata.apple_video import AppleVideo, read_apple_video
from pano.media.metadata.mp4_boxes import child_boxes, make_box

FULL = bytes(4)  # version and flags


def read(*boxes):
    data = b"".join(boxes)
    return read_apple_video(data, child_boxes(data, 0, len(data)))


def vexu(kind, *others):
    return make_box(b"vexu", make_box(b"proj", make_box(b"prji", FULL, kind)), *others)


@pytest.mark.parametrize("kind", [b"equi", b"hequ", b"fish"])
def test_the_projection_is_read(kind):
    assert read(vexu(kind)) == AppleVideo(kind.decode())


def test_packing_and_field_of_view_are_read():
    eyes = make_box(b"eyes", make_box(b"stri", FULL, b"\x03"))
    pack = make_box(b"pack", make_box(b"pkin", FULL, b"side"))
    hfov = make_box(b"hfov", (144_500).to_bytes(4))
    assert read(make_box(b"hvcC", bytes(20)), vexu(b"fish", eyes, pack), hfov) == (
        AppleVideo("fish", StereoLayout.SIDE_BY_SIDE, 144.5)
    )


def test_a_window_is_no_sphere():
    assert read(vexu(b"rect")) is None
    assert read(make_box(b"vexu", make_box(b"eyes"))) is None
    assert read(make_box(b"hfov", (63_500).to_bytes(4))) is None


def test_boxes_cut_short_are_passed_over():
    assert read(make_box(b"vexu", make_box(b"proj", make_box(b"prji", FULL)))) is None
    assert read(vexu(b"equi"), make_box(b"hfov", b"\x01")) == AppleVideo("equi")
