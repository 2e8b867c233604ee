from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from inference import heads
from inference.fake_engine import FakeEngine
from inference.heads import fit, offered_from, unit, wording

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
    nothing = -fitted().prototypes.sum(axis=0)
    head = zero_label()
    same = heads.Head(head.centre, unit(np.ones_like(head.prototypes)), None, 0, multiple=False)

    assert offered_from(3) == pytest.approx(0.4)
    assert same.suggest(nothing) == []


def test_it_abstains_on_a_text_that_the_encoder_cannot_read():
    unread = np.zeros(FakeEngine.dims, dtype=np.float32)

    assert fitted().suggest(unread) == []


def test_unread_texts_teach_nothing():
    unread = np.zeros((5, FakeEngine.dims), dtype=np.float32)

    with_them = fitted(np.vstack([KNOWN, unread]), [*ANSWERS, *[[1]] * 5])

    assert np.array_equal(with_them.probabilities(KNOWN), fitted().probabilities(KNOWN))


def test_one_class_alone_fits_no_regression():
    head = fitted(KNOWN[:2], [[0], [0]])

    assert head.regression is None
    assert head.trust == 0


def test_two_classes_of_three_agree_with_their_odds():
    head = fitted(KNOWN[:4], ANSWERS[:4])
    assert head.regression is not None
    only_learned = heads.Head(head.centre, head.prototypes, head.regression, 1, multiple=False)

    probabilities = only_learned.probabilities(KNOWN[:4])

    assert list(probabilities.argmax(axis=1)) == [0, 0, 1, 1]
    assert probabilities[:, 2].max() < 1e-6


def test_none_of_these_teaches_a_multiple_choice_and_no_single_one():
    none_of_these = [[], []]

    single = fitted(np.vstack([KNOWN, KNOWN[:2]]), [*ANSWERS, *none_of_these])
    multiple = fitted(KNOWN[:2], none_of_these, multiple=True)

    assert single.regression is not None
    assert single.regression.weights == pytest.approx(fitted().regression.weights)
    assert multiple.regression is not None
    assert (
        multiple.probabilities(KNOWN).max() < zero_label(multiple=True).probabilities(KNOWN).max()
    )


def test_a_pool_too_small_to_have_a_middle_is_not_centred():
    assert not fitted(pool=POOL[:3]).centre.any()
    assert fitted(pool=POOL).centre.any()


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
