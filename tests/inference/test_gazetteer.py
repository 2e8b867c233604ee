from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from inference.spans import gazetteer

PERSON, PLACE = 0, 1


def fitted(*texts: tuple[str, list[tuple[int, int, int]]]) -> gazetteer.Gazetteer:
    return gazetteer.fit([(text.split(), runs) for text, runs in texts])


def found(known: gazetteer.Gazetteer, text: str, least: float = 0.4):
    return [(run.first, run.last, run.column) for run in known.find(text.split(), least=least)]


def score(known: gazetteer.Gazetteer, text: str) -> float:
    [run] = known.find(text.split(), least=0)
    return run.score


def test_it_works_from_the_first_answer():
    known = fitted(("we met Ada Lovelace today", [(2, 4, PERSON)]))

    assert found(known, "Ada Lovelace wrote it") == [(0, 2, PERSON)]
    assert found(known, "Ada wrote it") == []
    assert found(known, "it was by Ada") == []


def test_the_score_is_the_share_of_what_was_marked():
    known = fitted(
        ("Paris is nice", [(0, 1, PLACE)]),
        ("Paris sang", [(0, 1, PERSON)]),
        ("Paris is large", [(0, 1, PLACE)]),
        ("Paris again", []),
    )

    assert known.find(["Paris"], least=0)[0].column == PLACE
    assert score(known, "Paris") == pytest.approx(3 / 6)


def test_what_was_passed_over_counts_against_it():
    once = fitted(("May came", [(0, 1, PERSON)]))
    often = fitted(("May came", [(0, 1, PERSON)]), *[("in May it rains", [])] * 5)

    assert score(once, "May") == pytest.approx(2 / 3)
    assert score(often, "May") == pytest.approx(2 / 8)
    assert found(often, "May") == []


def test_another_case_is_trusted_less_than_the_same():
    known = fitted(("US troops", [(0, 1, PLACE)]))

    assert score(known, "US") > score(known, "us") >= 0.4
    passed_over = fitted(("US troops", [(0, 1, PLACE)]), ("they told us", []))
    assert found(passed_over, "tell us") == []
    assert found(passed_over, "the US") == [(1, 2, PLACE)]


def test_the_longest_phrase_wins():
    known = fitted(("York and New York City", [(0, 1, PLACE), (2, 5, PLACE)]))

    assert found(known, "to New York City") == [(1, 4, PLACE)]
    assert found(known, "to New York") == [(2, 3, PLACE)]


def test_a_longer_phrase_that_is_hardly_ever_marked_leaves_the_shorter():
    known = fitted(("old York Minster", [(1, 3, PLACE)]), *[("York Minster", [(0, 1, PLACE)])] * 6)

    assert found(known, "York Minster") == [(0, 1, PLACE)]


def test_nothing_answered_finds_nothing():
    assert found(fitted(), "anything at all") == []
    assert found(fitted(("nothing here", [])), "nothing here") == []


words = st.text(min_size=1, max_size=6)
answers = st.lists(st.tuples(st.lists(words, min_size=1, max_size=8), st.integers(0, 7)))


@given(answers)
def test_phrases_of_any_script_are_stored_as_they_are(answers):
    known = gazetteer.fit(
        (of, [(first, len(of), len(of) % 3)] if first < len(of) else []) for of, first in answers
    )

    tensors = known.tensors()
    again = gazetteer.Gazetteer.from_tensors(tensors)

    assert again == known
    assert list(again.written) == list(known.written)
    assert all(isinstance(of, np.ndarray) and of.dtype.kind in "iu" for of in tensors.values())
