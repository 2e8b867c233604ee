from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from inference.choices import heads
from inference.choices.heads import fit, offered_from, unit, wording
from inference.encoders.fake_engine import FakeEngine

LABELS = ("Refund", "Late delivery", "Praise")
TEXTS = (
    ["I want a refund, money back now please", "refund my money"],
    ["where is my parcel, the delivery is late", "late again, no delivery"],
    ["thank you, praise for the kind staff", "praise: lovely service"],
)


def encode(*texts: str) -> heads.Floats:
    return FakeEngine().encode(texts)


WORDINGS = encode(*(wording(label, f"About {label}.") for label in LABELS))
POOL = encode(*(f"message {n} about something" for n in range(40)))
KNOWN = encode(*(text for texts in TEXTS for text in texts))
ANSWERS = [[0], [0], [1], [1], [2], [2]]


def fitted(vectors=KNOWN, answers=ANSWERS, *, multiple=False, pool=POOL) -> heads.Head:
    return fit(wordings=WORDINGS, pool=pool, vectors=vectors, answers=answers, multiple=multiple)


def zero_label(*, multiple=False) -> heads.Head:
    return fitted(WORDINGS[:0], [], multiple=multiple)


def test_without_answers_the_wording_of_the_labels_decides():
    best = [zero_label().suggest(vector)[0].column for vector in KNOWN]

    assert best == [0, 0, 1, 1, 2, 2]


def test_answers_outweigh_the_wording_as_they_come():
    vectors = encode(*[f"teapot number {n}" for n in range(60)], *["kettle"] * 60)
    answers = [[2]] * 60 + [[0]] * 60
    teapot = encode("teapot")[0]

    before = zero_label().probabilities(teapot[None])[0, 2]
    after = fitted(vectors, answers).probabilities(teapot[None])[0, 2]

    assert before < 0.5 < after


def test_probabilities_of_a_single_choice_sum_to_one():
    for head in (zero_label(), fitted()):
        assert np.allclose(head.probabilities(KNOWN).sum(axis=1), 1, atol=1e-5)


def test_labels_of_a_multiple_choice_stand_by_themselves():
    both = encode("refund my money, the delivery is late")
    vectors = np.vstack([*[KNOWN] * 20, *[both] * 10])
    head = fitted(vectors, [*ANSWERS * 20, *[[0, 1]] * 10], multiple=True)

    again = encode("the delivery is late again, refund my money")
    offered = {one.column for one in head.suggest(again[0]) if one.offered}

    assert offered == {0, 1}


def test_only_the_first_of_a_single_choice_is_offered():
    suggested = fitted().suggest(KNOWN[0])

    assert [one.offered for one in suggested] == [True, False, False]
    assert [one.score for one in suggested] == sorted(
        (one.score for one in suggested), reverse=True
    )


def test_it_abstains_when_no_label_stands_out():
    head = zero_label()
    flat = heads.Regression(np.zeros_like(head.regression.weights), head.regression.bias)
    unsure = replace(head, regression=flat, nearest=-1.0)

    assert offered_from(3) == pytest.approx(0.4)
    assert unsure.suggest(KNOWN[0]) == []


def test_it_abstains_on_a_text_unlike_every_label():
    head = zero_label()
    nothing = unit(-head.prototypes.sum(axis=0, keepdims=True))[0] + head.near.centre

    assert head.nearness(nothing[None])[0] < head.nearest
    assert head.suggest(nothing) == []
    assert replace(head, nearest=-1.0, offered=0.0).suggest(nothing)


def test_texts_that_were_none_of_these_are_withheld_again():
    """Three clumps of texts with a label each, and a fourth that has none."""
    rng = np.random.default_rng(3)
    corners = unit(rng.normal(size=(4, 32)).astype(np.float32))
    truth = np.repeat(np.arange(4), 40)
    texts = unit(corners[truth] + 0.1 * rng.normal(size=(160, 32)).astype(np.float32))
    near_one = unit(corners[:3] + 0.5 * corners[3])

    def withheld(answers):
        taught = fit(
            wordings=near_one,
            pool=texts,
            vectors=texts[::5],
            answers=answers,
            multiple=False,
        )
        return taught.withholds(texts)

    told = withheld([[int(one)] if one < 3 else [] for one in truth[::5]])

    assert told[truth == 3].mean() > 0.9
    assert told[truth < 3].mean() < 0.1


def test_it_abstains_on_a_text_that_the_encoder_cannot_read():
    unread = np.zeros(FakeEngine.dims, dtype=np.float32)

    assert fitted().suggest(unread) == []


def test_unread_texts_teach_nothing():
    unread = np.zeros((5, FakeEngine.dims), dtype=np.float32)

    with_them = fitted(np.vstack([KNOWN, unread]), [*ANSWERS, *[[1]] * 5])

    assert np.array_equal(with_them.probabilities(KNOWN), fitted().probabilities(KNOWN))


def test_one_class_alone_leaves_the_others_suggestible():
    head = fitted(KNOWN[:2], [[0], [0]])

    best = [head.probabilities(vector[None])[0].argmax() for vector in KNOWN]

    assert head.answers == 2
    assert best == [0, 0, 1, 1, 2, 2]


def test_a_label_that_nobody_chose_yet_starts_from_its_wording():
    head = fitted(np.vstack([KNOWN[:4]] * 50), ANSWERS[:4] * 50)

    assert head.suggest(KNOWN[4])[0].column == 2


def test_people_who_contradict_each_other_take_nothing_from_the_other_labels():
    head = fitted(np.vstack([KNOWN[:1]] * 6), [[0], [1]] * 3)

    assert head.suggest(KNOWN[4])[0].column == 2


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_vectors_that_are_no_numbers_teach_nothing(bad):
    broken = np.full((1, FakeEngine.dims), bad, dtype=np.float32)

    head = fitted(np.vstack([KNOWN, broken]), [*ANSWERS, [1]], pool=np.vstack([POOL, broken]))

    assert np.array_equal(head.probabilities(KNOWN), fitted().probabilities(KNOWN))
    assert head.suggest(broken[0]) == []


def test_two_labels_of_the_same_wording_are_told_apart_by_answers():
    same = np.vstack([WORDINGS[:1], WORDINGS[:1]])
    head = fit(
        wordings=same, pool=POOL, vectors=KNOWN, answers=[[0]] * 3 + [[1]] * 3, multiple=False
    )

    assert head.probabilities(KNOWN).argmax(axis=1).tolist() == [0, 0, 0, 1, 1, 1]


@pytest.mark.parametrize("multiple", [False, True])
def test_labels_that_cannot_be_read_wait_for_answers(multiple):
    head = fit(
        wordings=np.zeros_like(WORDINGS),
        pool=POOL,
        vectors=KNOWN,
        answers=ANSWERS,
        multiple=multiple,
    )

    assert head.probabilities(KNOWN).argmax(axis=1).tolist() == [0, 0, 1, 1, 2, 2]


def test_none_of_these_teaches_a_multiple_choice():
    multiple = fitted(KNOWN[:2], [[], []], multiple=True)

    before = zero_label(multiple=True).probabilities(KNOWN[:2])

    assert multiple.probabilities(KNOWN[:2]).max() < before.max()


def test_a_pool_too_small_to_have_a_middle_is_not_centred():
    assert not fitted(pool=POOL[:3]).near.centre.any()
    assert fitted(pool=POOL).near.centre.any()


def test_unlabelled_texts_draw_a_label_to_where_such_texts_are():
    """Four clumps of texts, the words of the labels only roughly towards them."""
    rng = np.random.default_rng(5)
    corners = unit(rng.normal(size=(4, 32)).astype(np.float32))
    truth = np.repeat(np.arange(4), 60)
    texts = unit(corners[truth] + 0.18 * rng.normal(size=(240, 32)).astype(np.float32))
    towards = unit(corners + 0.4 * rng.normal(size=corners.shape).astype(np.float32))

    def right(pool):
        head = fit(wordings=towards, pool=pool, vectors=texts[:0], answers=[], multiple=False)
        return (head.probabilities(texts).argmax(axis=1) == truth).mean()

    assert right(texts[:0]) < 0.9
    assert right(texts) > 0.95


def test_answers_win_over_unlabelled_texts():
    """Texts that lie with the first label, until people say that they are of the second."""
    texts = encode(*(f"refund my money, number {n}" for n in range(20)))
    pool = np.vstack([POOL, texts])

    untold = fit(wordings=WORDINGS, pool=pool, vectors=texts[:0], answers=[], multiple=False)
    told = fit(wordings=WORDINGS, pool=pool, vectors=texts, answers=[[1]] * 20, multiple=False)

    assert (untold.probabilities(texts).argmax(axis=1) == 0).all()
    assert (told.probabilities(texts).argmax(axis=1) == 1).all()


def test_two_fits_are_the_same():
    first, second = fitted(), fitted()

    assert np.array_equal(first.probabilities(KNOWN), second.probabilities(KNOWN))


@pytest.mark.parametrize("multiple", [False, True])
@pytest.mark.parametrize("answered", [0, len(ANSWERS)])
def test_a_head_comes_back_from_its_tensors_as_it_was(multiple, answered):
    head = fitted(KNOWN[:answered], ANSWERS[:answered], multiple=multiple)

    again = heads.Head.from_tensors(head.tensors())

    assert np.array_equal(again.probabilities(KNOWN), head.probabilities(KNOWN))
    assert [again.suggest(vector) for vector in KNOWN] == [head.suggest(row) for row in KNOWN]


def test_a_long_list_of_labels_is_cut_to_the_likely_ones():
    many = encode(*(f"label {n}" for n in range(40)))
    head = fit(wordings=many, pool=POOL, vectors=many[:0], answers=[], multiple=False)

    assert len(head.suggest(many[7])) == heads.MAX_ITEMS
    assert head.suggest(many[7])[0].column == 7


@settings(max_examples=40, deadline=None)
@given(
    answers=st.lists(st.sets(st.integers(0, 2), max_size=3), min_size=0, max_size=12),
    multiple=st.booleans(),
)
def test_scores_are_probabilities_whatever_was_answered(answers, multiple):
    vectors = encode(*(f"text number {n}" for n in range(len(answers)))) if answers else KNOWN[:0]
    chosen = answers if multiple else [sorted(columns)[:1] for columns in answers]

    probabilities = fitted(vectors, chosen, multiple=multiple).probabilities(KNOWN)

    assert np.isfinite(probabilities).all()
    assert (probabilities >= 0).all()
    assert (probabilities <= 1 + 1e-5).all()


@pytest.mark.parametrize(
    ("name", "description", "expected"),
    [
        ("card_arrival", "", "This text is about card arrival."),
        ("Refund", " Money back. ", "Refund: Money back."),
    ],
)
def test_a_label_is_read_as_words(name, description, expected):
    assert wording(name, description) == expected
