from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from corpus.checks import shown, storable, unstorable, unstorable_value
from tests.corpus.strategies import patiently

anything = st.text(st.characters())


def deep(levels: int) -> list:
    value: list = []
    for _ in range(levels):
        value = [value]
    return value


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", ""),
        ("a\ufeff\ufffd\U0010ffff\x01", ""),
        ("ab\0", "holds U+0000 (a NUL character) at character 3."),
        ("\ud83d", "holds half of a surrogate pair (U+D83D) at character 1."),
        ("a\udc00\0", "holds half of a surrogate pair (U+DC00) at character 2."),
    ],
)
def test_what_databases_cannot_hold_is_named_with_its_place(text, why):
    assert unstorable(text) == why


@pytest.mark.parametrize(
    ("value", "why"),
    [
        (None, ""),
        ({"a": [1, 2.5, True, "x"]}, ""),
        (["ok", {"a": "b\0"}], "holds U+0000 (a NUL character) at character 2."),
        ({"\0": 1}, "holds U+0000 (a NUL character) at character 1."),
        ({"a": "\ud800"}, "holds half of a surrogate pair (U+D800) at character 1."),
        ([float("inf")], "holds a number that is not finite."),
        (float("nan"), "holds a number that is not finite."),
        (deep(30), ""),
        (deep(32), "is nested more than 32 levels deep."),
        (deep(900), "is nested more than 32 levels deep."),
    ],
)
def test_values_are_looked_through(value, why):
    assert unstorable_value(value) == why


@patiently
@given(anything)
def test_a_text_is_refused_exactly_when_it_cannot_be_stored(text):
    try:
        storable_at_all = "\0" not in text and text.encode() is not None
    except UnicodeEncodeError:
        storable_at_all = False

    assert (unstorable(text) == "") == storable_at_all


@patiently
@given(anything)
def test_messages_and_reports_can_always_be_stored(text):
    assert unstorable(storable(text)) == ""
    assert unstorable(shown(text)) == ""
    assert unstorable(shown([text])) == ""
    assert len(shown(text)) <= 64


def test_what_can_be_stored_is_reported_as_it_is():
    assert storable("Grüße 😀\n") == "Grüße 😀\n"
    assert shown("x" * 61) == f"“{'x' * 60}…”"
