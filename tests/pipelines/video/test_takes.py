from __future__ import annotations

from pano.director.wishes import CutRules
from pano_jobs.settings import DirectSettings, PanSettings
from pano_jobs.video.takes import brief


def test_the_director_learns_of_the_cuts_that_were_found_in_the_clip():
    settings = PanSettings()
    asked = brief(settings, settings.lens, found_cuts_s=(3.0, 7.5))
    assert asked.cuts.source_cuts_s == (3.0, 7.5)
    assert asked.cuts.cost_s == settings.direct.cuts.cost_s


def test_cuts_that_a_person_named_count_instead_of_those_found():
    named = CutRules(source_cuts_s=(5.0,))
    settings = PanSettings(direct=DirectSettings(cuts=named))
    assert brief(settings, settings.lens, found_cuts_s=(3.0,)).cuts == named
