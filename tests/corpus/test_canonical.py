from __future__ import annotations

import hashlib
import io
import random
import tracemalloc
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from corpus.record import Record, SpanValue
from corpus.versions.canonical import (
    Definitions,
    LabelDefinition,
    NotCanonical,
    QuestionDefinition,
    read,
    write,
)
from tests.corpus.reading import records_in, written
from tests.corpus.strategies import LAYOUT, patiently, records
from tests.corpus.streams import MB

LATE = LabelDefinition("Late", "It came too late.")
REFUND = LabelDefinition("Refund", "Wants the money back.")
TOPIC = QuestionDefinition("topic", "choice", multiple=False, required=True, labels=(REFUND, LATE))
TAGS = QuestionDefinition("tags", "choice", multiple=True, required=False, labels=())
DEFINITIONS = Definitions(text_fields=("text", "reply"), questions=(TOPIC, TAGS))


def canonical(made, definitions=DEFINITIONS) -> bytes:
    out = io.BytesIO()
    assert write(definitions, made, out) == len(made)
    return out.getvalue()


def test_the_form_is_what_it_was_when_versions_were_frozen_with_it():
    made = [
        Record(row=9, texts={"text": "Zwei", "reply": "é"}, external_id="B", split="test"),
        Record(
            texts={"reply": "", "text": "One"},
            external_id="A",
            answers={"topic": ("Late",), "tags": ("z", "a")},
            split="train",
            meta={"n": 2.0, "m": [0.5, {"b": None, "a": True}]},
        ),
    ]

    data = canonical(made)

    assert data.decode() == (
        '{"format":"annotate-dataset","number":1,"text_fields":["text","reply"],"questions":['
        '{"name":"tags","kind":"choice","multiple":true,"required":false,"labels":[]},'
        '{"name":"topic","kind":"choice","multiple":false,"required":true,"labels":['
        '{"name":"Late","description":"It came too late."},'
        '{"name":"Refund","description":"Wants the money back."}]}]}\n'
        '{"id":"A","texts":{"reply":"","text":"One"},"answers":{"tags":["a","z"],"topic":["Late"]},'
        '"split":"train","meta":{"m":[0.5,{"a":true,"b":null}],"n":2}}\n'
        '{"id":"B","texts":{"reply":"é","text":"Zwei"},"answers":{},"split":"test","meta":{}}\n'
    )
    assert hashlib.sha256(data).hexdigest() == (
        "1ee6c03c5c334468589c3f0066b34a4c00575f1df405636cb068c7e7469eea29"
    )


def test_spans_stand_in_the_order_of_the_text_and_raise_the_number():
    late = LabelDefinition("Late", "")
    people = QuestionDefinition(
        "people", "span", multiple=False, required=False, labels=(late,), overlapping=True
    )
    made = Record(
        texts={"text": "Ana met Bob", "reply": "Hi"},
        answers={
            "people": (
                SpanValue("text", 8, 11, "Late"),
                SpanValue("text", 0, 3, "Late"),
                SpanValue("reply", 0, 2, "Late"),
            ),
            "topic": ("Late",),
        },
    )

    data = canonical([made], Definitions(("text", "reply"), (TOPIC, people)))

    header, document = data.decode().splitlines()
    assert header.startswith(
        '{"format":"annotate-dataset","number":2,"text_fields":["text","reply"],"questions":['
        '{"name":"people","kind":"span","multiple":false,"required":false,'
        '"labels":[{"name":"Late","description":""}],"overlapping":true},{"name":"topic"'
    )
    assert header.count("overlapping") == 1
    assert '"people":[{"field":"reply","start":0,"end":2,"label":"Late"},' in document
    assert document.index('"start":0,"end":3') < document.index('"start":8')
    definitions, found = read(io.BytesIO(data))
    assert definitions.questions[0] == people
    assert next(found).answers["people"] == tuple(sorted(made.answers["people"]))


def test_a_version_that_knew_no_overlap_is_read():
    header = (
        b'{"format":"annotate-dataset","number":1,"text_fields":["text"],"questions":[{"name":'
        b'"people","kind":"span","multiple":false,"required":false,"labels":[]}]}\n'
    )

    definitions, found = read(io.BytesIO(header))

    assert definitions.questions[0].overlapping is False
    assert list(found) == []


@patiently
@given(st.lists(records(), max_size=5), st.randoms(use_true_random=False))
def test_no_order_shows(made, chance):
    shuffled = [_shuffled(record, chance) for record in made]
    chance.shuffle(shuffled)
    definitions = Definitions(DEFINITIONS.text_fields, DEFINITIONS.questions[::-1])

    assert canonical(made) == canonical(shuffled, definitions)


def _shuffled(record: Record, chance: random.Random) -> Record:
    def mixed(values):
        items = list(values.items())
        chance.shuffle(items)
        return dict(items)

    return Record(
        row=chance.randrange(1000),
        external_id=record.external_id,
        texts=mixed(record.texts),
        answers={name: labels[::-1] for name, labels in mixed(record.answers).items()},
        meta=mixed(record.meta),
        split=record.split,
    )


@patiently
@given(st.lists(records(), min_size=1, max_size=4), st.sampled_from(["csv", "json", "jsonl"]))
def test_what_left_in_a_file_and_came_back_has_the_same_form(made, kind):
    keys = tuple(sorted({key for record in made for key in record.meta}))

    back = records_in(kind, written(kind, made, replace(LAYOUT, meta_keys=keys)))

    assert canonical(back) == canonical(made)


@patiently
@given(st.lists(records(), max_size=4))
def test_a_version_is_read_as_it_was_written(made):
    data = canonical(made)

    definitions, found = read(io.BytesIO(data))

    assert canonical(list(found), definitions) == data
    assert definitions == Definitions(
        DEFINITIONS.text_fields,
        (TAGS, QuestionDefinition("topic", "choice", False, True, (LATE, REFUND))),
    )


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"meta": {"n": 1}}, {"meta": {"n": True}}),
        ({"meta": {"n": 1}}, {"meta": {"n": "1"}}),
        ({"meta": {}}, {"meta": {"n": None}}),
        ({"answers": {}}, {"answers": {"topic": ()}}),
        ({"split": "test"}, {"split": "train"}),
        ({"external_id": ""}, {"external_id": "1"}),
        ({"texts": {"text": "a "}}, {"texts": {"text": "a"}}),
        ({"texts": {"text": "e\u0301"}}, {"texts": {"text": "\u00e9"}}),
        ({"texts": {"text": "a\r\n"}}, {"texts": {"text": "a\n"}}),
    ],
)
def test_every_difference_in_content_shows(one, other):
    first, second = (Record(**{"texts": {"text": "t"}, **fields}) for fields in (one, other))

    assert canonical([first]) != canonical([second])


def test_whole_numbers_look_alike_whatever_a_database_makes_of_them():
    first, second = (
        canonical([Record(texts={"text": "t"}, meta={"n": [number]})]) for number in (1e22, 10**22)
    )

    assert first == second


def test_documents_that_are_equal_are_all_kept():
    made = [Record(texts={"text": "same"}) for _ in range(3)]

    assert canonical(made).count(b'"same"') == 3


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "This is not a dataset version."),
        (b"[]\n", "This is not a dataset version."),
        (b'{"format": 1}\n', "This is not a dataset version."),
        (
            b'{"format": "annotate-dataset", "number": 4}\n',
            "This dataset has format 4; known are 1 to 3.",
        ),
    ],
)
def test_another_file_is_refused(data, message):
    with pytest.raises(NotCanonical) as refused:
        read(io.BytesIO(data))

    assert str(refused.value) == message


class Nowhere(io.RawIOBase):
    def writable(self) -> bool:
        return True

    def write(self, data) -> int:
        return len(data)


def test_sorting_takes_little_memory():
    made = (Record(texts={"text": f"{number % 97} " + "x" * 4000}) for number in range(15_000))
    tracemalloc.start()

    assert write(DEFINITIONS, made, Nowhere()) == 15_000
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()

    assert peak < 10 * MB
