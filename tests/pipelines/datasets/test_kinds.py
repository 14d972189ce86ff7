from pano_jobs.datasets.kinds import are_related, kind_of, must_not_meet


def test_people_make_all_their_sounds() -> None:
    assert {kind_of(n) for n in ("speech", "laughing", "crying_baby")} == {"person"}
    assert kind_of("dog") == "dog"


def test_a_siren_may_be_a_vehicle_and_a_dog_may_not() -> None:
    assert are_related("siren", "vehicle")
    assert are_related("dog", "dog")
    assert not are_related("siren", "dog")


def test_one_person_makes_several_classes_of_starss23() -> None:
    assert are_related("female speech", "laughter")
    assert are_related("footsteps", "person")
    assert not are_related("female speech", "music")


def test_people_and_apes_must_not_meet() -> None:
    assert must_not_meet("ape", "person")
    assert must_not_meet("person", "ape")
    assert not must_not_meet("ape", "dog")
    assert not must_not_meet("person", "person")
