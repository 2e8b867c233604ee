from __future__ import annotations

import random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from inference.encoders.fake_engine import FakeEngine
from inference.spans import bio, tagger
from inference.spans.bio import Mark
from inference.spans.heads import OFFERED, SHOWN, SpanHead, fit
from inference.spans.tagger import Marked
from inference.spans.word_memory import words_of
from inference.spans.words import Words
from tests.inference.test_words import texts

PERSON, PLACE = 0, 1
NAMES = ("Ada", "Grace", "Alan", "Edsger", "Barbara", "Donald")
PLACES = ("Paris", "Rome", "Lima", "Oslo", "Cairo", "Quito")


def read(text: str) -> Words:
    [reading] = FakeEngine().read([text])
    return words_of(text, reading.states)


def marked(text: str, *marks: tuple[str, int]) -> Marked:
    found = [(text.index(quote), quote, column) for quote, column in marks]
    return Marked(
        text, read(text), [Mark(at, at + len(quote), column) for at, quote, column in found]
    )


def letters(count: int) -> list[Marked]:
    dice = random.Random(0)
    answered = []
    for _ in range(count):
        who, where = dice.choice(NAMES), dice.choice(PLACES)
        answered.append(marked(f"today {who} went to {where} again", (who, PERSON), (where, PLACE)))
        answered.append(marked("nobody went to the shop again"))
    return answered


def found(head: SpanHead, text: str) -> list[tuple[str, int]]:
    return [(text[one.start : one.end], one.column) for one in head.suggest(text, read(text))]


def test_without_answers_there_is_nothing_to_say():
    assert found(fit([], columns=2), "Ada went to Paris") == []


def test_one_answer_is_found_again():
    head = fit([marked("we met Ada Lovelace", ("Ada Lovelace", PERSON))], columns=2)

    [one] = [
        one for one in head.suggest("Ada Lovelace came", read("Ada Lovelace came")) if one.offered
    ]

    assert (one.start, one.end, one.column) == (0, 12, PERSON)


def test_a_head_reads_what_it_never_saw_from_what_stands_around_it():
    head = fit(letters(40), columns=2)

    assert head.tagger is not None
    assert found(head, "today Ludwig went to Vienna again") == [
        ("Ludwig", PERSON),
        ("Vienna", PLACE),
    ]


def test_answers_without_marks_teach_what_to_leave_alone():
    nothing = [marked("nobody went to the shop again")] * 3

    assert fit(nothing, columns=2).tagger is None
    assert found(fit(nothing, columns=2), "nobody went to the shop again") == []
    assert found(fit(letters(40), columns=2), "nobody went to the shop again") == []


def test_decoding_between_sure_words_changes_nothing(monkeypatch):
    head = fit(letters(40), columns=2)
    text = " ".join(["today Ludwig went to Vienna again, nobody was there."] * 5)
    assert head.tagger is not None
    in_parts = head.tagger.runs(text, read(text))

    monkeypatch.setattr(tagger, "BEYOND_DOUBT", 2)
    whole = head.tagger.runs(text, read(text))

    assert [run[:3] for run in in_parts] == [run[:3] for run in whole]
    assert [run.score for run in in_parts] == pytest.approx([run.score for run in whole], abs=0.01)
    assert len(whole) >= 10


@pytest.mark.parametrize("states", [0, np.nan, np.inf])
def test_words_that_cannot_be_read_are_tagged_by_their_letters(states):
    head = fit(letters(40), columns=2)
    text = "today Ludwig went to Vienna again"
    words = read(text)
    unread = words._replace(states=np.full_like(words.states, states))

    suggested = head.suggest(text, unread)

    assert head.tagger is not None
    by_letters = head.tagger.crf.probabilities(text.split()).argmax(axis=1)
    assert [one.column for one in suggested] == [(tag - 1) // 2 for tag in by_letters if tag]


@pytest.mark.parametrize("states", [0, np.nan, np.inf])
def test_texts_that_cannot_be_read_are_learned_by_their_letters(states):
    answered = [
        one._replace(words=one.words._replace(states=np.full_like(one.words.states, states)))
        for one in letters(40)
    ]

    head = fit(answered, columns=2)

    assert head.tagger is not None
    assert head.tagger.regression is None
    assert ("Ada", PERSON) in found(head, "so Ada came")
    assert head.suggest("nobody went to the shop", read("nobody went to the shop")) == []


def test_two_fits_are_the_same():
    first, second = fit(letters(10), columns=2), fit(letters(10), columns=2)
    text = "today Ludwig went to Rome again"

    assert first.suggest(text, read(text)) == second.suggest(text, read(text))


def test_many_plain_words_are_sampled_and_weighed(monkeypatch):
    everything = fit(letters(40), columns=2)
    monkeypatch.setattr(tagger, "MOST_PLAIN", 40)

    sampled = fit(letters(40), columns=2)

    text = "today Ludwig went to Vienna again"
    assert found(sampled, text) == found(everything, text)


@pytest.mark.parametrize("near", [[True, False, False, False, True], [False] * 5, [True] * 5])
def test_a_fair_share_weighs_as_much_as_the_whole(near, monkeypatch):
    monkeypatch.setattr(tagger, "MOST_PLAIN", 2)
    near = np.array(near)

    kept, weight = tagger._fair_share(near)

    assert set(np.flatnonzero(near)) <= set(kept.tolist())
    assert weight.sum() == pytest.approx(len(near))


head_of_letters = fit(letters(30), columns=2)
head_of_pieces = fit(
    [
        marked("e\u0301te\u0301 in 東京タワー a\u00adb!", ("京タ", PLACE), ("\u0301t", PERSON)),
        marked("aB9 👩🏽🇯🇵 한 レ. Ada", ("B9 👩", PERSON), ("レ.", PLACE)),
        marked("a x a 9 a", ("a x", PERSON)),
    ],
    columns=2,
)


@settings(deadline=None)
@given(
    text=st.one_of(
        texts,
        st.lists(
            st.sampled_from(["a", "x", " ", "9", "Ada", "\r\n", "today", "株"]), max_size=25
        ).map("".join),
    ),
    head=st.sampled_from([head_of_letters, head_of_pieces]),
)
def test_suggested_spans_lie_between_words_and_share_nothing(text, head):
    words = read(text)

    suggested = head.suggest(text, words)

    starts, ends = set(words.places[:, 0].tolist()), set(words.places[:, 1].tolist())
    last = 0
    for one in suggested:
        assert one.start in starts
        assert one.end in ends
        assert last <= one.start < one.end <= len(text)
        assert SHOWN <= one.score <= 1
        assert one.offered == (one.score >= OFFERED)
        last = one.end


@settings(deadline=None, max_examples=40)
@given(
    st.lists(
        st.tuples(
            texts,
            st.lists(
                st.tuples(st.integers(0, 60), st.integers(1, 20), st.integers(0, 1)), max_size=4
            ),
        ),
        max_size=4,
    )
)
def test_whatever_was_marked_can_be_learned_from(answers):
    answered = [
        Marked(
            text,
            read(text),
            [
                Mark(start, min(start + length, len(text)), column)
                for start, length, column in marks
                if start < len(text)
            ],
        )
        for text, marks in answers
    ]

    head = fit(answered, columns=2)

    for one in answered:
        for span in head.suggest(one.text, one.words):
            assert 0 <= span.start < span.end <= len(one.text)


def test_a_stored_head_is_the_same_head():
    head = fit(letters(30), columns=2)
    text = "today Ludwig went to Rome again, and Ada to Vienna"

    again = SpanHead.from_tensors(head.tensors())

    assert again.suggest(text, read(text)) == head.suggest(text, read(text)) != []
    assert again.gazetteer == head.gazetteer


def test_a_head_that_learned_nothing_is_stored_too():
    again = SpanHead.from_tensors(fit([], columns=2).tensors())

    assert again.tagger is None
    assert found(again, "Ada went to Paris") == []


def test_a_stored_head_of_another_kind_is_refused():
    tensors = fit(letters(3), columns=2).tensors()
    del tensors["gazetteer.ends"]

    with pytest.raises(KeyError):
        SpanHead.from_tensors(tensors)


def test_words_that_people_disagreed_on_teach_nothing():
    text = "today May went to Paris again"
    may = Mark(6, 9, PERSON)
    others = letters(20)
    plain = marked(text, ("Paris", PLACE))
    unsure = plain._replace(unsure=[may])

    taught, spared = fit([*others, plain], columns=2), fit([*others, unsure], columns=2)

    assert taught.gazetteer.find(["Paris"], least=0) == spared.gazetteer.find(["Paris"], least=0)
    lesson = tagger.lesson(unsure)
    assert lesson.sure.tolist() == [True, False, True, True, True, True]
    assert len(lesson.rows) == 5
    assert [len(tags) for _, tags in lesson.chains()] == [1, 4]
    may_taught, may_spared = [
        head.tagger.probabilities(text, unsure.words)[1] for head in (taught, spared)
    ]
    assert may_taught[bio.OUTSIDE] > may_spared[bio.OUTSIDE]


def test_what_was_marked_teaches_though_another_marked_more():
    text = "we met Ada Lovelace today"
    one = marked(text, ("Ada", PERSON))._replace(unsure=[Mark(7, 19, PERSON)])

    lesson = tagger.lesson(one)

    assert lesson.sure.tolist() == [True, True, True, False, True]
    assert lesson.stretches()[0] == (["we", "met", "Ada"], [(2, 3, PERSON)])


def test_a_long_text_is_learned_to_its_end():
    text = " ".join(["nobody went to the shop again"] * 1700 + ["today Ada went to Rome"])
    lesson = tagger.lesson(marked(text, ("Ada", PERSON), ("Rome", PLACE)))

    chains = lesson.chains()

    assert sum(len(tags) for _, tags in chains) == len(lesson.words.places) > 10_000
    assert chains[-1][1].tolist()[-5:] == [0, 1, 0, 0, 3]
    assert found(fit([marked(text, ("Ada", PERSON))], columns=2), "so Ada came") == [
        ("Ada", PERSON)
    ]


def test_a_label_added_after_the_answers_is_never_suggested():
    head = fit(letters(30), columns=3)
    text = "today Ludwig went to Vienna again"

    assert found(head, text) == [("Ludwig", PERSON), ("Vienna", PLACE)]


def test_one_label_only_is_enough():
    answered = [
        one._replace(marks=[of for of in one.marks if of.column == PERSON]) for one in letters(30)
    ]

    head = fit(answered, columns=1)

    assert ("Ludwig", PERSON) in found(head, "today Ludwig went to Vienna again")
    assert found(head, "nobody went to the shop again") == []


def test_unclear_and_dense_texts_are_asked_first():
    head = fit(letters(10), columns=2)

    def uncertainty(text: str) -> float:
        return head.uncertainty(text, read(text))

    assert uncertainty("today Ludwig went to Vienna again") > uncertainty(
        "nobody went to the shop again"
    )
    assert uncertainty("") == 0


def test_before_any_answer_capitals_are_asked_first():
    head = fit([], columns=2)
    dense, plain = "today Ludwig went to Vienna", "nobody went to the shop"

    assert head.uncertainty(dense, read(dense)) > head.uncertainty(plain, read(plain)) == 0
