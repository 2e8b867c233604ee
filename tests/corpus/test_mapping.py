from __future__ import annotations

import pytest

from corpus.imports.mapping import BadMapping, Mapping, Names, parse

NAMES = Names(
    text_fields=("text", "reply"), questions=("topic", "tags"), other_questions=("people",)
)


def test_words_are_read_as_target_and_column():
    assert parse(["text=body", "meta.lang=a=b", "id= Id "]) == (
        ("text", "body"),
        ("meta.lang", "a=b"),
        ("id", " Id "),
    )


@pytest.mark.parametrize("word", ["", "text", "text=", "=body", "="])
def test_a_word_that_maps_nothing_is_refused(word):
    with pytest.raises(BadMapping) as refused:
        parse([word])

    assert str(refused.value) == (f"“{word}” is no mapping. Write target=column, as in text=body.")


@pytest.mark.parametrize(
    ("column", "target"),
    [
        ("text", "text"),
        ("reply", "reply"),
        ("topic", "topic"),
        ("id", "id"),
        ("split", "split"),
        ("unresolved", "unresolved"),
        ("prediction.topic", "prediction.topic"),
        ("prediction.topic.score", "prediction.topic.score"),
        ("prediction.topic.model", "prediction.topic.model"),
        ("meta.lang", "meta.lang"),
        ("lang", "meta.lang"),
        ("Text", "meta.Text"),
        ("ignore", "meta.ignore"),
        ("people", "meta.people"),
        ("prediction.people", "meta.prediction.people"),
        ("meta", "meta.meta"),
    ],
)
def test_a_column_means_what_it_is_called_and_all_others_are_kept(column, target):
    assert Mapping(NAMES).targets_of(column) == [target]


def test_what_the_person_says_goes_first():
    mapping = Mapping(
        NAMES, [("text", "body"), ("topic", "category"), ("meta.who", "id"), ("ignore", "junk")]
    )

    assert mapping.targets_of("body") == ["text"]
    assert mapping.targets_of("category") == ["topic"]
    assert mapping.targets_of("id") == ["meta.who"]
    assert mapping.targets_of("junk") == ["ignore"]
    assert mapping.targets_of("reply") == ["reply"]


def test_a_column_whose_name_somebody_else_took_is_kept_as_metadata():
    mapping = Mapping(NAMES, [("text", "body")])

    assert mapping.targets_of("text") == ["meta.text"]


def test_one_column_may_serve_twice():
    mapping = Mapping(NAMES, [("topic", "label"), ("meta.label", "label")])

    assert mapping.targets_of("label") == ["topic", "meta.label"]


def test_what_is_missing_is_told():
    mapping = Mapping(NAMES, [("text", "body"), ("topic", "category")])

    assert mapping.named_columns() == {"body", "category"}
    assert mapping.fields_without_column(["body", "category"]) == {"reply"}
    assert mapping.fields_without_column(["text", "category"]) == {"text", "reply"}


@pytest.mark.parametrize(
    ("pairs", "message"),
    [
        ([("people", "a")], "“people” is of a kind that cannot be imported yet."),
        ([("text", "a"), ("text", "b")], "“text” is mapped to two columns; choose one."),
        ([("meta.a", "a"), ("meta.a", "b")], "“meta.a” is mapped to two columns; choose one."),
        (
            [("meta.", "a")],
            (
                "There is no “meta.” to map a column to. "
                "Known: text, reply, topic, tags, id, split, unresolved, "
                "prediction.topic, prediction.topic.score, prediction.topic.model, "
                "prediction.tags, prediction.tags.score, prediction.tags.model, ignore, meta.<key>."
            ),
        ),
    ],
)
def test_a_mapping_that_cannot_be_meant_is_refused(pairs, message):
    with pytest.raises(BadMapping) as refused:
        Mapping(NAMES, pairs)

    assert str(refused.value) == message


def test_several_columns_may_be_left_out():
    mapping = Mapping(NAMES, [("ignore", "a"), ("ignore", "b")])

    assert (mapping.targets_of("a"), mapping.targets_of("b")) == (["ignore"], ["ignore"])
