"""From a row of a file to a record, or to what is wrong with it."""

from __future__ import annotations

import pytest

from corpus.imports.mapping import Mapping, Names
from corpus.imports.rows import record_of
from corpus.imports.values import MAX_TEXT, Asked
from corpus.record import Prediction, Record, Row

TOPICS = frozenset({"Refund", "Late delivery"})
QUESTIONS = {
    "topic": Asked(multiple=False, required=True, labels=TOPICS),
    "tags": Asked(multiple=True, required=False, labels=frozenset({"a", "b", "[c]"})),
    "mood": Asked(multiple=False, required=False, labels=frozenset({"good", "bad"})),
}
NAMES = Names(text_fields=("text", "reply"), questions=tuple(QUESTIONS))
OPEN = {"topic": Asked(multiple=False, required=True, labels=TOPICS, open=True)}


def made(values, *pairs, cells=False, questions=QUESTIONS):
    """The record of row 7, or its problems as (field, message, remedy)."""
    names = Names(text_fields=NAMES.text_fields, questions=tuple(questions))
    found = record_of(Row(7, values, cells=cells), Mapping(names, pairs), questions)
    if isinstance(found, Record):
        return found
    assert {problem.row for problem in found} == {7}
    return [(problem.field, problem.message, problem.remedy) for problem in found]


def test_each_value_goes_where_its_column_says():
    record = made(
        {
            "id": 12,
            "body": "Hi",
            "topic": "Refund",
            "tags": ["b", "a"],
            "split": "dev",
            "meta.n": 1,
            "lang": None,
            "prediction.topic": "Late delivery",
            "prediction.topic.score": 0.75,
            "prediction.topic.model": "bert-7",
            "junk": "x",
        },
        ("text", "body"),
        ("ignore", "junk"),
    )

    assert record == Record(
        row=7,
        external_id="12",
        texts={"text": "Hi", "reply": ""},
        answers={"topic": ("Refund",), "tags": ("b", "a")},
        split="validation",
        meta={"n": 1, "lang": None},
        predictions=(Prediction("topic", "Late delivery", 0.75, "bert-7"),),
    )


def test_cells_are_read_as_the_text_that_they_are_or_as_json():
    record = made(
        {
            "id": "007",
            "text": "2024",
            "topic": "Refund",
            "tags": '["a", "[c]"]',
            "mood": "[]",
            "split": "TEST",
            "year": "2024",
            "zip": "01234",
            "empty": "",
            "prediction.topic": "Refund",
            "prediction.topic.score": "0.5",
        },
        cells=True,
    )

    assert record == Record(
        row=7,
        external_id="007",
        texts={"text": "2024", "reply": ""},
        answers={"topic": ("Refund",), "tags": ("a", "[c]"), "mood": ()},
        split="test",
        meta={"year": 2024, "zip": "01234"},
        predictions=(Prediction("topic", "Refund", 0.5),),
    )


@pytest.mark.parametrize(("value", "cells"), [(None, False), ("", False), ("", True)])
def test_a_required_question_without_a_value_is_not_answered(value, cells):
    assert made({"text": "t", "topic": value}, cells=cells).answers == {}


@pytest.mark.parametrize(
    ("value", "cells", "answer"),
    [
        (None, False, None),
        ("", False, ()),
        ([], False, ()),
        ("", True, None),
        ("[]", True, ()),
        ("good", False, ("good",)),
        (["good"], False, ("good",)),
        (["good", "good"], False, ("good",)),
    ],
)
def test_an_optional_question_tells_unanswered_from_none_of_them(value, cells, answer):
    record = made({"text": "t", "topic": "Refund", "mood": value}, cells=cells)

    assert record.answers.get("mood") == answer


ONE_PROBLEM = {
    "an unknown label": (
        {"topic": "Refnd"},
        ("topic", "There is no label “Refnd”.", "Did you mean “Refund”?"),
    ),
    "a label of other case": (
        {"topic": "refund"},
        ("topic", "There is no label “refund”.", "Did you mean “Refund”?"),
    ),
    "a label like no other": (
        {"topic": "Zebra"},
        ("topic", "There is no label “Zebra”.", "Add it, or have labels created."),
    ),
    "two labels for one": (
        {"mood": ["good", "bad"], "topic": "Refund"},
        ("mood", "There are several labels where one may be chosen.", "Keep one of them."),
    ),
    "none for a required question": (
        {"topic": []},
        ("topic", "This question needs a label.", "Choose one, or leave the value out."),
    ),
    "a number that is no label": (
        {"topic": 1.5},
        ("topic", "“1.5” is not a name.", "Write a short text."),
    ),
    "a list within a list": (
        {"topic": "Refund", "tags": [["a"]]},
        ("tags", '“["a"]” is not a name.', "Write a short text."),
    ),
    "an object for a label": (
        {"topic": {"label": "Refund"}},
        ("topic", '“{"label": "Refund"}” is not a name.', "Write a short text."),
    ),
    "a number for a text": (
        {"text": 5},
        ("text", "“5” is not text.", "Write the text in quotes."),
    ),
    "a text without end": (
        {"text": "x" * (MAX_TEXT + 1)},
        (
            "text",
            "The text is 1,000,001 characters long; 1,000,000 is the most.",
            "Split it into several documents.",
        ),
    ),
    "no text": (
        {"text": "", "reply": None},
        ("", "There is no text.", "Give the document a text, or leave the row out."),
    ),
    "NUL in a text": (
        {"text": "a\0"},
        (
            "text",
            "The value holds U+0000 (a NUL character) at character 2.",
            "Remove or replace it.",
        ),
    ),
    "half a pair in a text": (
        {"text": "\ud83d"},
        (
            "text",
            "The value holds half of a surrogate pair (U+D83D) at character 1.",
            "Remove or replace it.",
        ),
    ),
    "NUL in an id": (
        {"id": "\0"},
        ("id", "The value holds U+0000 (a NUL character) at character 1.", "Remove or replace it."),
    ),
    "half a pair in metadata": (
        {"n": {"deep": ["\udfff"]}},
        (
            "n",
            "The value holds half of a surrogate pair (U+DFFF) at character 1.",
            "Remove or replace it.",
        ),
    ),
    "half a pair in the name of metadata": (
        {"n\ud83d": 1},
        (
            "n\\ud83d",
            "The name of this column holds half of a surrogate pair (U+D83D) at character 2.",
            "Remove or replace it.",
        ),
    ),
    "a number beyond all numbers": (
        {"n": float("inf")},
        ("n", "The value holds a number that is not finite.", "Remove or replace it."),
    ),
    "an unknown split": (
        {"split": "holdout"},
        (
            "split",
            "“holdout” is not a split.",
            "Use train, validation, test, calibration, or map it to meta.split.",
        ),
    ),
    "a split that is no text": (
        {"split": 1},
        (
            "split",
            "“1” is not a split.",
            "Use train, validation, test, calibration, or map it to meta.split.",
        ),
    ),
    "an id that is too long": (
        {"id": "x" * 201},
        ("id", f"“{'x' * 60}…” has more than 200 characters.", "Shorten it."),
    ),
    "true for an id": ({"id": True}, ("id", "“true” is not a name.", "Write a short text.")),
    "a score without a label": (
        {"prediction.topic.score": 0.5},
        ("", "The prediction for “topic” has no label.", "Give it one."),
    ),
    "a score above one": (
        {"prediction.topic": "Refund", "prediction.topic.score": 1.5},
        ("prediction.topic.score", "“1.5” is not a score.", "Write a number from 0 to 1."),
    ),
    "a score that is no number": (
        {"prediction.topic": "Refund", "prediction.topic.score": "nan"},
        ("prediction.topic.score", "“nan” is not a score.", "Write a number from 0 to 1."),
    ),
    "a prediction of an unknown label": (
        {"prediction.topic": "Zebra"},
        ("prediction.topic", "There is no label “Zebra”.", "Add it, or have labels created."),
    ),
    "a required answer missing": (
        {"mood": "good"},
        (
            "",
            "The answer to “topic” is missing, which every answer needs.",
            "Answer all required questions or none; or import these as predictions.",
        ),
    ),
    "two columns of one name": (
        {"lang": "de", "meta.lang": "en"},
        (
            "meta.lang",
            "Another column is kept as “meta.lang” too.",
            "Map one of them to another name, or to ignore.",
        ),
    ),
    "opinions that are none": (
        {"unresolved": "x"},
        (
            "unresolved",
            "“x” does not say what is unresolved.",
            "Write an object with the names of questions, or map this to ignore.",
        ),
    ),
}


@pytest.mark.parametrize(("values", "problem"), ONE_PROBLEM.values(), ids=ONE_PROBLEM)
def test_what_is_wrong_is_said_with_what_to_do(values, problem):
    assert made({"text": "t"} | values) == [problem]


def test_everything_wrong_with_a_row_is_said_at_once():
    found = made({"text": 5, "topic": "Refnd", "split": "x", "n": "\0"})

    assert [field for field, _, _ in found] == ["text", "topic", "split", "n"]


def test_a_problem_carries_the_row_as_it_came_and_can_be_stored():
    row = Row(3, {"text": "a\0", "\ud83d": "b"})

    problems = record_of(row, Mapping(NAMES), QUESTIONS)

    assert isinstance(problems, list)
    assert {problem.raw for problem in problems} == {'{"text": "a\\u0000", "\\ud83d": "b"}'}


@pytest.mark.parametrize("label", ["New", "日本", "👩‍👩‍👧", "[x]", "a, b"])
def test_new_labels_pass_where_they_may_be_made(label):
    assert made({"text": "t", "topic": label}, questions=OPEN).answers == {"topic": (label,)}


@pytest.mark.parametrize("label", [" ", "a\nb", "\t", "a\u2028b"])
def test_what_cannot_be_a_label_is_not_made_one(label):
    ((field, message, remedy),) = made({"text": "t", "topic": label}, questions=OPEN)

    assert field == "topic"
    assert message.endswith("cannot be a label.")
    assert remedy == "Use a short name on one line."


@pytest.mark.parametrize(
    ("unresolved", "cells"),
    [({"topic": [["Refund"], ["Late delivery"]]}, False), ('{"topic": []}', True)],
)
def test_a_question_without_a_majority_needs_no_answer(unresolved, cells):
    record = made({"text": "t", "mood": "good", "unresolved": unresolved}, cells=cells)

    assert record.answers == {"mood": ("good",)}
    assert record.meta == {}


def test_a_bad_text_is_not_called_missing_too():
    found = made({"text": "\0"})

    assert [field for field, _, _ in found] == ["text"]
