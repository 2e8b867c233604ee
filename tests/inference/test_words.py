from __future__ import annotations

import pytest
import regex
from hypothesis import example, given, settings
from hypothesis import strategies as st

from inference.spans.words import SHAPES, shapes, word_places

# Everything a text may hold: no surrogates and no U+0000, which are refused at the door.
texts = st.text(
    st.one_of(
        st.characters(exclude_categories=["Cs"], exclude_characters="\0"),
        st.sampled_from(
            "aB9 .\r\n\t\u00ad\u0301\u200b\u200d\u2060\ufe0f🏽👩🇯🇵한\u1100\u0e33株レー"
        ),
    ),
    max_size=60,
)


def words(text: str) -> list[str]:
    return [text[start:end] for start, end in word_places(text).tolist()]


def shape(text: str, word: str) -> set[str]:
    places = word_places(text)
    row = shapes(text, places)[words(text).index(word)]
    return {name for name, is_so in zip(SHAPES, row, strict=True) if is_so}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Obama's U.S. trip", ["Obama", "'", "s", "U", ".", "S", ".", "trip"]),
        ("tab\tand\r\nline", ["tab", "and", "line"]),
        ("東京のレール", list("東京のレール")),
        ("e\u0301te\u0301", ["e\u0301te\u0301"]),
        ("soft\u00adhyphen\u00ad.", ["soft\u00adhyphen", "."]),
        ("👩\u200d👧 hi🏽", ["👩\u200d👧", "hi🏽"]),
        ("שָׁלוֹם עולם", ["שָׁלוֹם", "עולם"]),
        ("한국어", ["한국어"]),
        ("สวัสดี", ["ส", "วั", "ส", "ดี"]),
        ("\u200b\u200e \u2029", []),
        ("", []),
    ],
)
def test_what_a_word_is(text, expected):
    assert words(text) == expected


@settings(deadline=None)
@given(texts)
@example("\r\n\u0301a\u0600b")
def test_words_lie_in_order_inside_the_text_and_cut_no_character(text):
    places = word_places(text).tolist()
    edges = {0, len(text), *(match.start() for match in regex.finditer(r"\X", text))}

    last = 0
    for start, end in places:
        assert last <= start < end <= len(text)
        assert {start, end} <= edges
        last = end


@settings(deadline=None)
@given(texts)
def test_everything_that_can_be_seen_is_in_a_word(text):
    inside = {place for start, end in word_places(text).tolist() for place in range(start, end)}

    for character in regex.finditer(r"\X", text):
        if regex.match(r"[^\p{Z}\p{C}]", character[0]):
            assert inside.issuperset(range(*character.span()))


@settings(deadline=None)
@given(texts)
def test_the_words_of_a_part_between_words_are_the_same_words(text):
    places = word_places(text).tolist()
    for first in range(0, len(places), 3):
        start, end = places[first][0], places[-1][1]
        part = [(start + a, start + b) for a, b in word_places(text[start:end]).tolist()]
        assert part == [tuple(place) for place in places[first:]]


def test_shapes_tell_what_an_uncased_encoder_forgets():
    text = 'We met "IBM" of New York, 24th.'

    assert shape(text, "We") == {"title", "short", "first", "upper_after"} - {"upper_after"}
    assert shape(text, "IBM") >= {"upper", "opens", "glued_before", "glued_after"}
    assert shape(text, "New") >= {"title", "title_after", "of_before"}
    assert shape(text, "24th") >= {"with_digit"}


def test_shouting_is_told_from_a_name():
    assert "shouted" in shape("CALL ME NOW", "CALL")
    assert "shouted" not in shape("call IBM now", "IBM")
