import types

import pano.media


def test_all_names_exactly_what_is_offered() -> None:
    offered = {
        name
        for name, value in vars(pano.media).items()
        if not name.startswith("_") and not isinstance(value, types.ModuleType)
    }
    assert sorted(pano.media.__all__) == sorted(offered)
