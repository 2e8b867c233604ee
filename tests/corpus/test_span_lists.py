"""Lists of spans in a row: the shapes they come in, and everything that can be wrong with one."""

import json
from dataclasses import replace

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from corpus.imports.mapping import Mapping, Names
from corpus.imports.rows import record_of
from corpus.imports.span_lists import MOST_SPANS
from corpus.imports.values import Asked
from corpus.record import SPAN, Prediction, Record, Row, SpanValue
from labeling import chosen
from tests.corpus.strategies import awkward_text, patiently

TEXT = "Ana 😀 met Bob in Rome."
PEOPLE = Asked(
    multiple=False, required=False, labels=frozenset({"PER", "LOC"}), kind=SPAN, overlapping=False
)


def made(value, *, text=TEXT, cells=False, column="people", fields=("text",), **how):
    names = Names(text_fields=fields, questions=("people",), spans=("people",))
    texts = text if isinstance(text, dict) else {"text": text}
    row = Row(7, {column: value, **texts}, cells=cells)
    return record_of(row, Mapping(names), {"people": replace(PEOPLE, **how)})


def wrong(value, **how):
    problems = made(value, **how)
    assert isinstance(problems, list), problems
    assert all(problem.row == 7 and problem.field == "people" for problem in problems)
    return " ".join(f"{problem.message} {problem.remedy}" for problem in problems)


BOB, ROME = SpanValue("text", 10, 13, "PER"), SpanValue("text", 17, 21, "LOC")


@pytest.mark.parametrize(
    "value",
    [
        [{"start": 10, "end": 13, "label": "PER"}],
        [{"start": 10, "end": 13, "label": "PER", "text": "Bob", "quote": "Bob"}],
        [{"field": "text", "start": 10, "end": 13, "label": "PER"}],
        [{"start_offset": 10, "end_offset": 13, "label": "PER"}],
        [{"start": 10, "end": 13, "labels": ["PER"]}],
        [{"span": [10, 13], "type": "PER", "name": "Bob"}],
        [[10, 13, "PER"]],
    ],
)
def test_the_usual_shapes_mean_the_same_and_leave_nothing_over(value):
    record = made(value)
    as_cell = made(json.dumps(value), cells=True)

    assert record.answers == as_cell.answers == {"people": (BOB,)}
    assert record.meta == as_cell.meta == {}


def test_spans_are_put_in_the_order_of_the_text_wherever_the_text_stands_in_the_row():
    record = made([[17, 21, "LOC"], [10, 13, "PER"]])

    assert record.answers["people"] == (BOB, ROME)


@pytest.mark.parametrize("value", [None, ""])
def test_nothing_is_not_answered_and_an_empty_list_is_nothing_to_mark(value):
    assert made(value).answers == {}
    assert made([]).answers == {"people": ()}
    assert made("[]", cells=True).answers == {"people": ()}


@pytest.mark.parametrize(
    "left",
    [
        {"id": 3},
        {"token_start": 1, "token_end": 2},
        {"score": 0.5},
        {"name": "Robert"},
        {"x": None},
    ],
)
def test_what_a_span_says_beyond_its_place_is_kept_with_the_whole_list(left):
    value = [{"start": 10, "end": 13, "label": "PER"} | left]
    record = made(value)

    assert record.answers == {"people": (BOB,)}
    assert record.meta == {"people": value}


def test_a_list_is_not_kept_over_metadata_of_the_same_name():
    names = Names(text_fields=("text",), questions=("people",))
    spans = [{"start": 10, "end": 13, "label": "PER", "id": 1}]
    row = Row(1, {"meta.people": "x", "people": spans, "text": TEXT})

    (problem,) = record_of(row, Mapping(names), {"people": PEOPLE})

    assert "“meta.people” is taken" in problem.message


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ("Bob", "“Bob” is not a list of spans."),
        ({"start": 1}, "is not a list of spans."),
        (["Bob"], "Span 1: “Bob” is not a span."),
        ([[10, 13]], "Span 1: “[10, 13]” is not a span."),
        ([[10, 13, "PER"], [1, 2, "X"]], "There is no label “X”."),
        ([[10, 13, ""]], "Span 1: “” is not a label."),
        ([[10, 13, True]], "Span 1: “true” is not a label."),
        ([[10, 13, []]], "Span 1: “[]” is not a label."),
        ([[10, 13, None]], "Span 1: “null” is not a label."),
        ([{"start": 10, "end": 13}], "Span 1: “null” is not a label."),
        ([{"start": 10, "label": "PER"}], "Span 1: It runs from “10” to “null”."),
        ([["10", 13, "PER"]], "It runs from “10” to “13”."),
        ([[True, 13, "PER"]], "It runs from “true” to “13”."),
        ([[10.0, 13, "PER"]], "It runs from “10.0” to “13”."),
        ([[-1, 3, "PER"]], "-1 to 3 is not a part of a text of 22 characters."),
        ([[10, 23, "PER"]], "10 to 23 is not a part of a text of 22 characters."),
        ([[13, 10, "PER"]], "13 to 10 is not a part of a text of 22 characters."),
        ([[10, 10, "PER"]], "It is empty: it begins and ends at 10."),
        ([{"field": "reply", "start": 1, "end": 2, "label": "PER"}], "There is no text “reply”."),
        ([[0, 3, "PER"], [2, 5, "LOC"]], "“Ana” (PER, 0 to 3) and “a 😀” (LOC, 2 to 5) overlap."),
        ([[0, 3, "PER"], [0, 3, "LOC"]], "overlap"),
    ],
)
def test_a_span_that_cannot_be_is_refused_with_its_reason(value, message):
    assert message in wrong(value)


def test_the_offsets_stay_within_a_text_of_22_characters():
    assert len(TEXT) == 22
    assert made([[0, 22, "PER"]]).answers["people"] == (SpanValue("text", 0, 22, "PER"),)


@pytest.mark.parametrize(
    ("text", "start", "end", "quote", "hint"),
    [
        (TEXT, 11, 14, "Bob", "UTF-16"),
        (TEXT, 13, 16, "Bob", "bytes of UTF-8"),
        (TEXT, 10, 12, "Bob", "inclusive"),
        (TEXT, 11, 14, "ob ", "correct"),
        ("x\r\n\r\nBob!", 3, 6, "Bob", "CR LF"),
        ("  Bob", 0, 3, "Bob", "leading white space"),
        (TEXT, 1, 4, "Ana", "counted from 1"),
    ],
)
def test_a_quote_that_is_not_there_is_refused_with_both_and_what_was_counted(
    text, start, end, quote, hint
):
    value = [{"start": start, "end": end, "label": "PER", "text": quote}]
    if hint == "correct":
        assert made(value, text=text).answers
        return
    message = wrong(value, text=text)

    assert f"It says “{quote}”" in message
    assert hint in message


def test_an_end_beyond_the_text_may_have_been_counted_in_utf16():
    message = wrong([[17, 23, "PER"]])

    assert "Perhaps these offsets count UTF-16 units" in message


def test_a_span_that_stands_twice_is_kept_once_and_told():
    record = made([[10, 13, "PER"], [10, 13, "PER"]])

    assert record.answers["people"] == (BOB,)
    assert [str(note) for note in record.notes] == [
        "row 7, people: “Bob” (PER, 10 to 13) stands there twice; kept once."
    ]
    assert record.notes[0].kept


def test_a_span_inside_a_character_is_kept_and_told():
    record = made([[0, 1, "PER"]], text="e\u0301te\u0301")

    assert record.answers["people"] == (SpanValue("text", 0, 1, "PER"),)
    assert ["inside a character" in note.message for note in record.notes] == [True]


def test_overlap_is_for_questions_that_allow_it():
    record = made([[0, 5, "PER"], [2, 9, "LOC"], [2, 9, "PER"]], overlapping=True)

    assert len(record.answers["people"]) == 3


def test_a_question_that_needs_a_span_is_not_answered_by_none():
    assert "This question needs a span." in wrong([], required=True)


def test_labels_are_made_when_they_may_be():
    assert made([[10, 13, "New one"]], open=True).answers["people"][0].label == "New one"


def test_with_several_texts_a_span_says_where_it_lies():
    fields = {"text": "Ana", "reply": "Bob"}
    span = {"start": 0, "end": 3, "label": "PER"}

    assert "does not say which text" in wrong([span], text=fields, fields=("text", "reply"))
    record = made([span | {"field": "reply"}], text=fields, fields=("text", "reply"))
    assert record.answers["people"] == (SpanValue("reply", 0, 3, "PER"),)
    only = made([span], text={"text": "", "reply": "Bob"}, fields=("text", "reply"))
    assert only.answers["people"] == (SpanValue("reply", 0, 3, "PER"),)


def test_predicted_spans_are_kept_apart_with_their_scores():
    record = made(
        [{"start": 10, "end": 13, "label": "PER", "score": 0.9}, [17, 21, "LOC"]],
        column="prediction.people",
    )

    assert record.answers == {}
    assert record.meta == {}
    assert record.predictions == (
        Prediction("people", "PER", 0.9, "", "text", 10, 13),
        Prediction("people", "LOC", None, "", "text", 17, 21),
    )


def test_a_model_that_predicted_nothing_is_not_forgotten():
    record = made([], column="prediction.people")

    assert record.predictions == ()
    assert record.meta == {"prediction.people": []}


def test_no_more_spans_come_in_than_people_may_mark():
    assert MOST_SPANS == chosen.MOST_SPANS
    assert "There are 2,001 spans; 2,000 is the most." in wrong([[0, 1, "PER"]] * 2001)


@patiently
@given(awkward_text.filter(bool), st.data())
def test_offsets_never_drift(text, data):
    start = data.draw(st.integers(0, len(text) - 1))
    end = data.draw(st.integers(start + 1, len(text)))
    span = {"start": start, "end": end, "label": "PER", "text": text[start:end]}

    for record in (made([span], text=text), made(json.dumps([span]), text=text, cells=True)):
        assert isinstance(record, Record)
        (found,) = record.answers["people"]
        assert record.texts["text"][found.start : found.end] == span["text"]


@patiently
@given(awkward_text.filter(bool), st.data())
def test_offsets_in_other_units_are_never_taken_for_ours(text, data):
    start = data.draw(st.integers(0, len(text) - 1))
    end = data.draw(st.integers(start + 1, len(text)))
    unit = data.draw(st.sampled_from(["utf-16-le", "utf-8"]))
    size = 2 if unit == "utf-16-le" else 1
    theirs = [len(text[:place].encode(unit)) // size for place in (start, end)]
    assume(theirs != [start, end] and text[slice(*theirs)] != text[start:end])

    message = wrong(
        [{"start": theirs[0], "end": theirs[1], "label": "PER", "text": text[start:end]}], text=text
    )

    assert "These offsets look" in message
