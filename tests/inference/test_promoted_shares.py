"""How much a promoted model has to say beside the live head: as much as the answers bear out."""

from __future__ import annotations

import numpy as np
import pytest

from inference.choices.shared import Outputs, Share, alone, chosen_share

ANSWERS = 60
LABELS = (10, 20, 30)


@pytest.fixture
def chosen():
    """(60, 3): each label twenty times."""
    return np.eye(3, dtype=np.float32)[np.arange(ANSWERS) % 3]


def odds(chosen, *, right: float):
    """Log odds that are surest of the true label in this share of the texts."""
    wrong = np.arange(len(chosen)) >= right * len(chosen)
    said = np.where(wrong[:, None], np.roll(chosen, 1, axis=1), chosen)
    return np.log(said * 0.8 + 0.1).astype(np.float32)


def shares_of(odds):
    return np.exp(odds) / np.exp(odds).sum(axis=1, keepdims=True)


def outputs(logits, columns=LABELS, *, multiple=False):
    return Outputs(logits, columns, LABELS, multiple)


@pytest.mark.parametrize(
    ("promoted", "live", "weights"),
    [(1.0, 0.3, (0.9, 1.0)), (0.3, 1.0, (0.0, 0.1)), (0.8, 0.8, (0.0, 1.0))],
)
def test_who_is_right_more_often_has_more_to_say(chosen, promoted, live, weights):
    share = chosen_share(
        outputs(odds(chosen, right=promoted)), shares_of(odds(chosen, right=live)), chosen
    )

    assert weights[0] <= share.weight <= weights[1]


def test_two_that_err_differently_are_both_heard(chosen):
    promoted = odds(chosen, right=0.7)
    live = shares_of(odds(chosen[::-1], right=0.7)[::-1])

    assert 0.3 <= chosen_share(outputs(promoted), live, chosen).weight <= 0.7


def test_one_that_is_too_sure_is_toned_down(chosen):
    even = np.full_like(chosen, 1 / 3)

    sure = chosen_share(outputs(10 * odds(chosen, right=0.7)), even, chosen)
    mild = chosen_share(outputs(odds(chosen, right=0.7)), even, chosen)

    assert sure.slope < mild.slope / 3


def test_several_labels_are_weighed_each_by_itself(chosen):
    both = np.maximum(chosen, np.roll(chosen, 1, axis=1))
    promoted = (both * 6 - 3).astype(np.float32)

    share = chosen_share(outputs(promoted, multiple=True), np.full_like(both, 0.5), both)

    assert share.weight >= 0.9


def test_columns_are_put_under_the_labels_there_are():
    said = np.log(np.array([[0.5, 0.2, 0.2, 0.1]], dtype=np.float32))

    # Two columns stand for a label that others were merged into, one for a label that is gone.
    one = Outputs(said, (30, None, 10, 30), LABELS, multiple=False).probabilities(1)

    assert one[0].tolist() == pytest.approx([0.2, 0.0, 0.6])


def test_merged_labels_of_several_are_as_likely_as_the_likelier():
    said = np.array([[0.0, 2.0, -2.0]], dtype=np.float32)

    one = Outputs(said, (10, 10, 20), LABELS, multiple=True).probabilities(1)

    assert one[0].tolist() == pytest.approx([0.881, 0.119, 0.0], abs=1e-3)


def test_alone_is_alone():
    assert alone(2.0) == Share(1.0, 0.5)
    assert alone().is_alone
    assert not Share(0.9, 1.0).is_alone
