from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from inference.spans.calibration import UNTRIED, calibrate


def test_without_a_trial_the_usual_line_holds():
    assert calibrate([], []).offset == pytest.approx(UNTRIED.offset)
    assert UNTRIED.honest(0.9) < 0.9


def test_scores_come_true_once_there_is_enough_to_tell():
    dice = np.random.default_rng(0)
    given_scores = dice.uniform(0.05, 0.95, 4000)
    right = dice.uniform(size=4000) < given_scores / 2 + 0.1

    line = calibrate(given_scores.tolist(), right.tolist())

    for score in (0.3, 0.5, 0.7):
        assert line.honest(score) == pytest.approx(score / 2 + 0.1, abs=0.06)


@settings(deadline=None)
@given(st.lists(st.tuples(st.floats(0, 1), st.booleans()), max_size=30))
def test_a_higher_score_is_never_less_likely(pairs):
    line = calibrate([score for score, _ in pairs], [right for _, right in pairs])

    honest = [line.honest(score / 20) for score in range(21)]
    assert honest == sorted(honest)
    assert all(0 <= score <= 1 for score in honest)
