import pytest

from minirag.retrieval.passage import Place, places_named


@pytest.mark.parametrize(
    ("place", "shown"),
    [
        (Place("notes.txt"), "notes.txt"),
        (Place("notes.txt", 1200), "notes.txt, character 1,200"),
        (Place("facts.csv", line=12), "facts.csv:12"),
        (Place("facts.csv", 600, line=12), "facts.csv:12, character 600"),
        (Place("paper.pdf", 1200, page=3), "paper.pdf, page 3"),
    ],
)
def test_a_place_is_shown_as_one_would_say_it(place, shown):
    assert str(place) == shown


def test_of_many_places_a_few_are_named():
    places = [Place(f"{number}.txt") for number in range(1003)]
    assert places_named(places) == "0.txt · 1.txt · 2.txt · and 1,000 more"
    assert (places_named(places[:2]), places_named([])) == ("0.txt · 1.txt", "")
