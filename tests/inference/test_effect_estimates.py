from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from inference.effect.compared import compared, misleading
from inference.effect.estimates import (
    Times,
    difference,
    holm,
    saving,
    share,
    taken_over,
)
from tests.bench.annotator import Planted, chosen_answers, reserve_answers
from tests.bench.learn_recovery import results


def times_of(seconds, is_open, **fields) -> Times:
    n = len(seconds)
    columns = {
        "annotator": np.zeros(n, dtype=np.int64),
        "document": np.arange(n),
        "length": np.full(n, 100.0),
        "order": np.arange(n, dtype=float),
    }
    return Times(np.array(seconds, float), np.array(is_open, bool), **{**columns, **fields})


def share_of(hits: int, n: int):
    return share(np.arange(n) < hits, np.arange(n))


def test_the_benchmark_finds_what_was_planted():
    measured = {each.metric: each for each in results(runs=12)}

    assert measured["time saved: half-width at 400 answers"].met
    assert measured["time saved: inside its 95 % interval"].value >= 75
    assert measured["wrong suggestions taken: inside its 95 % interval"].value >= 75
    assert measured["naive comparison reports as saved"].value < 20  # of a true 36


def test_a_planted_saving_is_found_and_its_sign_is_right():
    figures = compared(reserve_answers(1, 3000, Planted(saving=0.25)))

    assert figures["seconds"]["value"] == pytest.approx(0.25, abs=0.05)
    assert figures["seconds"]["low"] < figures["seconds"]["value"] < figures["seconds"]["high"]
    assert figures["seconds"]["open"] < figures["seconds"]["blind"]
    slower = compared(reserve_answers(1, 3000, Planted(saving=-0.25)))
    assert slower["seconds"]["high"] < 0


def test_suggestions_taken_over_are_found():
    figures = compared(reserve_answers(2, 6000, Planted(yielding=0.5)))

    assert figures["unwanted"]["value"] == pytest.approx(0.5, abs=0.08)
    assert figures["agreement"]["low"] > 0


def test_two_answers_about_the_same_document_count_as_one_in_the_interval():
    answers = reserve_answers(3, 400, Planted())
    once = compared(answers)
    twice = compared([*answers, *answers])

    for kind in ("seconds", "unwanted", "agreement", "skipped"):
        widths = [figures[kind]["high"] - figures[kind]["low"] for figures in (once, twice)]
        assert widths[1] == pytest.approx(widths[0], rel=0.05)


def test_an_annotator_who_worked_in_one_arm_alone_tells_nothing():
    is_open = np.array([True] * 20 + [False] * 20)
    noise = np.random.default_rng(0).lognormal(2, 0.3, 40)

    assert saving(times_of(noise, is_open, annotator=is_open.astype(np.int64))) is None


def test_somebody_who_was_called_away_hardly_moves_the_saving():
    draw = np.random.default_rng(0)
    is_open = draw.random(200) < 0.5
    seconds = draw.lognormal(2, 0.3, 200)
    away = seconds.copy()
    away[np.flatnonzero(is_open)[0]] = 80_000

    plain, disturbed = (saving(times_of(each, is_open)) for each in (seconds, away))
    assert abs(plain.value - disturbed.value) < 0.04


@pytest.mark.parametrize("seconds", [[5.0] * 40, [5.0, 9.0], [5.0]])
def test_times_without_variation_or_too_few_give_no_saving(seconds):
    is_open = np.arange(len(seconds)) % 2 == 0

    assert saving(times_of(seconds, is_open)) is None


def test_the_difference_of_shares_is_newcombes():
    # Newcombe 1998, table II (a): 56/70 and 48/80, method 10.
    found = difference(share_of(56, 70), share_of(48, 80))

    assert found.value == pytest.approx(0.2)
    assert (found.low, found.high) == pytest.approx((0.0524, 0.3339), abs=0.002)


def test_the_ratio_behind_what_is_taken_over_is_katzs():
    found = taken_over(share_of(15, 100), share_of(30, 100))

    reach = 1.959964 * math.sqrt(1 / 15 - 1 / 100 + 1 / 30 - 1 / 100)
    assert found.value == pytest.approx(0.5)
    assert found.low == pytest.approx(1 - 0.5 * math.exp(reach), abs=0.01)
    assert found.high == pytest.approx(1 - 0.5 * math.exp(-reach), abs=0.01)


def test_people_who_always_agree_with_the_model_leave_nothing_to_say():
    assert taken_over(share_of(0, 100), share_of(9, 100)) is None
    assert taken_over(share_of(0, 100), share_of(0, 0)) is None


def test_every_unwanted_suggestion_taken_over_has_an_interval_still():
    found = taken_over(share_of(0, 100), share_of(30, 100))

    assert found.value == 1
    assert 0.5 < found.low < found.high < 1


def test_p_values_are_adjusted_as_holm_does():
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm([]) == []


@given(st.lists(st.floats(0, 1), max_size=20))
def test_an_adjusted_p_value_is_never_smaller(p_values):
    adjusted = holm(p_values)

    assert all(p <= new <= 1 for p, new in zip(p_values, adjusted, strict=True))
    assert [*np.argsort(p_values, kind="stable")] == [
        *sorted(range(len(p_values)), key=lambda place: (adjusted[place], p_values[place], place))
    ]


@given(st.lists(st.booleans(), max_size=60), st.lists(st.booleans(), max_size=60))
def test_an_interval_holds_its_estimate(treated, control):
    shares = [share(np.array(hits, float), np.arange(len(hits))) for hits in (treated, control)]

    found = difference(*shares)
    assert -1 <= found.low <= found.value + 1e-9
    assert found.value - 1e-9 <= found.high <= 1
    assert 0 <= found.p <= 1


def test_no_answers_at_all_give_no_figure():
    figures = compared([])

    assert (figures["blind"], figures["open"]) == (0, 0)
    assert [figures[kind] for kind in ("seconds", "unwanted", "agreement", "skipped")] == [None] * 4
    assert figures["labels"] == figures["people"] == figures["misleading"] == []


def test_a_label_whose_suggestions_are_followed_blindly_is_accused_and_no_other():
    honest = reserve_answers(4, 3000, Planted(saving=0.0, yielding=0.0))
    answers = [
        replace(each, offered=((each.offered[0][0], True),))
        if each.is_open and each.offered and each.offered[0][0] == 3
        else each
        for each in honest
    ]

    assert compared(honest)["misleading"] == []
    assert compared(answers)["misleading"] == [3]


def test_a_label_that_saves_time_is_not_accused():
    harm = {"harm_p": 0.0001}
    saves, costs = ({"low": low} for low in (0.02, -0.02))

    rows = [{"id": 1, "unwanted": harm, "seconds": saves}]
    rows += [{"id": 2, "unwanted": harm, "seconds": costs}, {"id": 3, "unwanted": None}]
    assert misleading(rows) == [2]


def test_only_groups_with_enough_answers_have_a_row():
    answers = reserve_answers(5, 60, Planted())

    people = compared(answers)["people"]
    assert {row["id"] for row in people} == {
        person
        for person in range(3)
        if sum(each.annotator == person and not each.is_skipped for each in answers) >= 30
    }


def test_comparing_with_the_documents_that_the_model_chose_would_deceive():
    harder = [each.seconds for each in chosen_answers(6, 400, Planted(saving=0.0))]
    drawn = [each.seconds for each in reserve_answers(6, 400, Planted(saving=0.0))]

    assert np.median(harder) > 1.3 * np.median(drawn)
