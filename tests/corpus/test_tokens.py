"""Where tokens lie in a text; no file, no database."""

import pytest
from hypothesis import given

from corpus.formats.tokens import (
    CHARACTERS,
    WHITESPACE,
    WORDS,
    aligned,
    joined,
    tokens_of,
)
from tests.corpus.strategies import awkward_text

EVERY = (WORDS, WHITESPACE, CHARACTERS)


@pytest.mark.parametrize("tokenization", EVERY)
@given(awkward_text)
def test_tokens_hold_every_character_but_white_space_once_and_in_order(tokenization, text):
    places = tokens_of(text, tokenization)
    covered = [place for start, end in places for place in range(start, end)]

    assert covered == [place for place, character in enumerate(text) if not character.isspace()]


@pytest.mark.parametrize("tokenization", EVERY)
@given(awkward_text)
def test_tokens_are_found_again_in_their_text(tokenization, text):
    places = tokens_of(text, tokenization)

    assert aligned(text, [text[start:end] for start, end in places]) == places


@given(awkward_text)
def test_joined_tokens_stand_where_it_says(text):
    tokens = text.split()
    for between in (" ", ""):
        whole, places = joined(tokens, between)
        assert [whole[start:end] for start, end in places] == tokens


@pytest.mark.parametrize(
    ("tokenization", "text", "tokens"),
    [
        (WORDS, "Don't panic, U.K.!", ["Don't", "panic", ",", "U.K", ".", "!"]),
        (WORDS, "3.14 a_b e-mail", ["3.14", "a_b", "e", "-", "mail"]),
        (WORDS, "שלום, עולם", ["שלום", ",", "עולם"]),
        (WORDS, "日本のテスト", ["日", "本", "の", "テスト"]),
        (WORDS, "a\r\nb\tc", ["a", "b", "c"]),
        (WHITESPACE, " Don't  panic,\tU.K. ", ["Don't", "panic,", "U.K."]),
        (CHARACTERS, "e\u0301 👩‍👩‍👧", ["e\u0301", "👩‍👩‍👧"]),
    ],
)
def test_a_tokenization_cuts_as_people_expect(tokenization, text, tokens):
    assert [text[start:end] for start, end in tokens_of(text, tokenization)] == tokens


@pytest.mark.parametrize("tokens", [["ab"], ["a", "b", "c"], ["b", "a"], ["a", ""], ["a"]])
def test_tokens_that_are_not_the_text_are_not_aligned(tokens):
    assert aligned("a b", tokens) is None
