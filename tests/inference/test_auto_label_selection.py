"""The selection by itself: p-values, the bound in simulation, and what more answers would do."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from inference.autolabel.selection import (
    NEVER,
    Calibration,
    exact_interval,
    fewest,
    needed,
    p_values,
    planned,
    select,
)

RUNS = 400
scores_of = st.lists(st.sampled_from([NEVER, 0.1, 0.5, 0.5001, 0.9, 1.0]), min_size=1, max_size=30)


def calibration(*pairs):
    scores, wrong = zip(*pairs, strict=True) if pairs else ((), ())
    return Calibration(np.array(scores, dtype=float), np.array(wrong, dtype=bool))


def simulated(draw, *, pool, n, target, ties=False, twins=False):
    """The realised error and the coverage of one run with a mediocre model."""
    sure = draw.beta(2, 1.2, pool)
    right = draw.random(pool) < 0.35 + 0.6 * sure
    if ties:
        sure = np.round(sure, 1)
    if twins:  # every text ten times, with the same answer
        sure, right = np.repeat(sure[: pool // 10], 10), np.repeat(right[: pool // 10], 10)
    order = draw.permutation(pool)
    sample, rest = order[:n], order[n:]
    chosen = select(sure[rest], Calibration(sure[sample], ~right[sample]), target).selected
    error = (~right[rest][chosen]).mean() if chosen.any() else 0.0
    return error, chosen.mean()


@pytest.mark.parametrize("target", [0.05, 0.1, 0.2, 0.3])
@pytest.mark.parametrize("kind", [{}, {"ties": True}, {"twins": True}])
def test_mean_error_stays_within_the_target(target, kind):
    draw = np.random.default_rng(7)
    runs = [simulated(draw, pool=1000, n=80, target=target, **kind) for _ in range(RUNS)]

    errors = np.array([error for error, _ in runs])
    spread = errors.std(ddof=1) / np.sqrt(RUNS)
    assert errors.mean() <= target + 2 * spread


def test_the_bound_is_used_and_not_merely_kept():
    draw = np.random.default_rng(8)
    runs = [simulated(draw, pool=1000, n=300, target=0.2) for _ in range(RUNS)]

    errors, coverage = np.array(runs).T
    assert errors.mean() > 0.12
    assert coverage.mean() > 0.3


def test_counting_only_the_surer_errors_would_break_the_bound():
    # The 1 in the p-value stands for the document itself: without it too much is wrong.
    draw = np.random.default_rng(9)
    errors = []
    for _ in range(RUNS):
        sure, right = draw.random(300), draw.random(300) < 0.5
        limit = sure[:20][~right[:20]].max(initial=-1)
        chosen = sure[20:] > limit
        errors.append((~right[20:][chosen]).mean() if chosen.any() else 0.0)
    assert np.mean(errors) > 0.1


def test_p_values_count_wrong_answers_at_least_as_sure():
    told = calibration((0.9, True), (0.8, False), (0.5, True), (0.2, False))

    found = p_values(np.array([0.95, 0.9, 0.6, 0.5, 0.1, NEVER]), told)

    assert found.tolist() == [1 / 5, 2 / 5, 2 / 5, 3 / 5, 3 / 5, 1.0]


def test_nothing_is_selected_below_the_fewest_answers():
    rest = np.ones(50)
    for target in (0.2, 0.1, 0.05, 0.02):
        enough = fewest(target)
        assert not select(rest, calibration(*[(1.0, False)] * (enough - 1)), target).selected.any()
        assert select(rest, calibration(*[(1.0, False)] * enough), target).selected.all()


def test_fewest_answers_by_target():
    assert [fewest(target) for target in (0.5, 0.2, 0.1, 0.05, 0.02)] == [1, 4, 9, 19, 49]


def test_more_is_planned_for_a_stricter_target():
    assert [planned(target) for target in (0.2, 0.1, 0.05, 0.02)] == [30, 60, 120, 300]


@given(scores_of, st.lists(st.tuples(st.floats(0, 1), st.booleans()), max_size=40), st.data())
def test_selection_takes_the_surest_and_grows_with_the_target(scores, pairs, data):
    rest, told = np.array(scores), calibration(*pairs)
    low, high = sorted(data.draw(st.tuples(st.floats(0.01, 0.5), st.floats(0.01, 0.5))))

    strict, lax = select(rest, told, low), select(rest, told, high)

    assert (strict.selected <= lax.selected).all()
    assert (strict.selected == (rest >= strict.cutoff)).all()
    assert not strict.selected[rest == NEVER].any()


@given(scores_of, st.lists(st.tuples(st.floats(0, 1), st.booleans()), max_size=40))
def test_needed_is_nothing_exactly_where_something_is_selected(scores, pairs):
    rest, told = np.array(scores), calibration(*pairs)

    more = needed(rest, told, 0.1)

    assert (more == 0) == select(rest, told, 0.1).selected.any()


def test_needed_says_how_many_more_would_do():
    rest = np.concatenate([np.full(50, 0.9), np.full(50, 0.1)])
    told = calibration(*[(0.9, False)] * 5, *[(0.1, True)] * 5)

    more = needed(rest, told, 0.1)

    assert more + 10 == 19
    less = calibration(*[(0.9, False)] * 9, *[(0.1, True)] * 9)
    enough = calibration(*[(0.9, False)] * 10, *[(0.1, True)] * 9)
    assert not select(rest, less, 0.1).selected.any()
    assert select(rest, enough, 0.1).selected.sum() == 50


def test_no_number_of_answers_helps_a_model_that_is_wrong_where_it_is_sure():
    told = calibration(*[(1.0, True)] * 5, *[(1.0, False)] * 5)

    assert needed(np.ones(20), told, 0.1) is None


def test_exact_interval_agrees_with_the_tables():
    assert exact_interval(0, 30) == {"value": 0.0, "low": 0.0, "high": 0.1157, "n": 30}
    assert exact_interval(3, 50) == {"value": 0.06, "low": 0.01255, "high": 0.16548, "n": 50}
    assert exact_interval(5, 5)["high"] == 1.0
    assert exact_interval(0, 0)["n"] == 0
