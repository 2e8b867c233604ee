from __future__ import annotations

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from inference.acquisition import choice_uncertainty, largest, most_telling
from inference.choices.heads import unit


def crowd(around, count, seed=0, spread=0.05):
    """Vectors close to a direction."""
    noise = np.random.default_rng(seed).standard_normal((count, len(around)))
    return unit((np.array(around) + spread * noise).astype(np.float32))


@pytest.fixture
def two_crowds():
    """Twenty texts about one thing, ten about another, and an outlier."""
    return np.vstack(
        [crowd([1, 0, 0, 0], 20), crowd([0, 1, 0, 0], 10), crowd([0, 0, 0, 1], 1)]
    ).astype(np.float32)


def test_the_middle_of_the_largest_crowd_comes_first_then_of_the_next(two_crowds):
    picked = most_telling(two_crowds, two_crowds[:0], count=31)

    assert (picked[0] < 20, 20 <= picked[1] < 30) == (True, True)


def test_what_is_answered_already_is_not_asked_again(two_crowds):
    picked = most_telling(two_crowds, two_crowds[:5], count=1)

    assert 20 <= picked[0] < 30


def test_a_copy_of_a_picked_text_comes_after_everything_else(two_crowds):
    with_copy = np.vstack([two_crowds, two_crowds[:1]])

    picked = most_telling(with_copy, two_crowds[:0], count=32)

    assert {0, 31} - set(picked[:16])


def test_every_second_pick_is_among_the_uncertain(two_crowds):
    uncertain = np.zeros(31, dtype=np.float32)
    uncertain[25:30] = 1

    picked = most_telling(two_crowds, two_crowds[20:22], count=2, uncertainty=uncertain)

    assert 20 <= picked[0] < 30
    assert picked[1] < 20


def test_without_any_doubt_the_order_is_that_of_the_telling(two_crowds):
    certain = np.zeros(31, dtype=np.float32)

    picked = most_telling(two_crowds, two_crowds[:0], count=5, uncertainty=certain)

    assert picked == most_telling(two_crowds, two_crowds[:0], count=5)


@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(st.integers(0, 12), st.integers(0, 15), st.booleans(), st.integers(0, 2**32 - 1))
def test_as_many_as_asked_for_each_at_most_once(texts, count, unsure, seed):
    dice = np.random.default_rng(seed)
    vectors = unit(dice.standard_normal((texts, 4)).astype(np.float32))
    uncertainty = dice.random(texts, dtype=np.float32) if unsure else None

    picked = most_telling(vectors, vectors[:2], count=count, uncertainty=uncertainty)

    assert len(picked) == len(set(picked)) == min(texts, count)


def test_the_lazy_order_is_the_greedy_one(two_crowds):
    alike = two_crowds - two_crowds.mean(axis=0)
    alike = np.maximum(unit(alike) @ unit(alike).T, 0)
    covered, greedy = np.zeros(31, dtype=np.float32), []
    for _ in range(6):
        gains = np.maximum(alike - covered, 0).sum(axis=1)
        gains[greedy] = -1
        greedy.append(int(gains.argmax()))
        covered = np.maximum(covered, alike[greedy[-1]])

    assert most_telling(two_crowds, two_crowds[:0], count=6) == greedy


def test_one_choice_is_uncertain_where_the_best_two_are_close():
    shares = np.array([[0.9, 0.1, 0], [0.4, 0.4, 0.2], [1, 0, 0]], dtype=np.float32)

    assert choice_uncertainty(shares, multiple=False) == pytest.approx([0.2, 1, 0])


def test_several_labels_are_uncertain_where_they_are_near_being_suggested():
    shares = np.array([[0.5, 0.5], [1, 0], [0.5, 0]], dtype=np.float32)

    assert choice_uncertainty(shares, multiple=True) == pytest.approx([1, 0, 0.5])


def test_one_label_alone_is_never_uncertain():
    assert choice_uncertainty(np.ones((2, 1), dtype=np.float32), multiple=False).tolist() == [0, 0]


def test_of_several_questions_the_most_uncertain_counts():
    first = np.array([0.1, 0.2, 0], dtype=np.float32)
    second = np.array([0, 0.4, 0.8], dtype=np.float32)

    assert largest([first, second]) == pytest.approx([0.5, 1, 1])
