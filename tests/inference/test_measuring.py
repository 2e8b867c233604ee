"""The figures: what they are, and that their intervals hold."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import f1_score

from inference.measuring.confusion import confusion, span_errors
from inference.measuring.curve import Track, learning_curve, track
from inference.measuring.intervals import ENOUGH, ratio, share
from inference.measuring.outcomes import Outcome
from inference.measuring.plots import curve_plot
from inference.measuring.reliability import reliability
from inference.measuring.scores import largest_class, measured
from inference.measuring.shares import class_shares
from inference.measuring.stop import gain
from labeling.spans import Span

A, B, C = 1, 2, 3


def chosen(answered: int | None, said: int | None, score: float = 0.8) -> Outcome:
    items = [] if said is None else [{"label": said, "score": score, "offered": True}]
    return Outcome(items, frozenset() if answered is None else frozenset([answered]))


def marked(answered: list[Span], said: list[Span]) -> Outcome:
    items = [{**span._asdict(), "score": 0.6, "offered": True} for span in said]
    return Outcome(items, frozenset(answered))


def span(start: int, end: int, label: int = A) -> Span:
    return Span("text", start, end, label)


def test_wilson_is_the_published_interval():
    estimate = share(81, 263)  # Newcombe 1998, table I: 0.2553 to 0.3662

    assert (round(estimate["low"], 4), round(estimate["high"], 4)) == (0.2553, 0.3662)


@given(st.integers(1, 300).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_a_share_lies_inside_its_interval_and_both_inside_zero_to_one(pair):
    hits, n = pair
    estimate = share(hits, n)

    assert 0 <= estimate["low"] <= estimate["value"] <= estimate["high"] <= 1
    assert estimate["low"] < estimate["high"]


def test_nothing_observed_means_anything_is_possible():
    assert share(0, 0) == {"value": 0.0, "low": 0.0, "high": 1.0, "n": 0}
    assert ratio(np.zeros(0), np.zeros(0)) == share(0, 0)


def test_documents_that_all_agree_are_not_taken_for_certainty():
    estimate = ratio(np.ones(40), np.ones(40))

    assert estimate == share(40, 40)
    assert estimate["low"] < 0.95


def test_the_bootstrap_of_a_ratio_covers_the_truth():
    rng, inside = np.random.default_rng(3), 0
    for _ in range(200):
        wholes = rng.integers(1, 6, 80).astype(float)
        estimate = ratio(rng.binomial(wholes.astype(int), 0.7).astype(float), wholes)
        inside += estimate["low"] <= 0.7 <= estimate["high"]

    assert 180 <= inside <= 199


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(st.sampled_from([A, B, C]), st.sampled_from([A, B, C])), min_size=1))
def test_f1_is_what_scikit_learn_says(pairs):
    outcomes = [chosen(*pair) for pair in pairs]
    figures = measured(outcomes, [A, B, C])
    people, model = zip(*pairs, strict=True)
    used = sorted({*people, *model})

    expected = f1_score(people, model, labels=used, average=None, zero_division=0)
    assert [row["label"] for row in figures["labels"]] == used
    assert [row["f1"]["value"] for row in figures["labels"]] == pytest.approx(expected, abs=1e-4)
    assert figures["macro_f1"]["value"] == pytest.approx(np.mean(expected), abs=1e-4)
    assert figures["accuracy"]["value"] == pytest.approx(np.mean(np.equal(people, model)), abs=1e-4)


def test_a_label_tells_its_precision_from_what_was_said_and_recall_from_what_was_answered():
    outcomes = [chosen(A, A), chosen(A, B), chosen(B, A), chosen(A, None)]

    row = measured(outcomes, [A, B, C])["labels"][0]

    assert (row["precision"]["value"], row["precision"]["n"]) == (0.5, 2)
    assert (row["recall"]["value"], row["recall"]["n"]) == (round(1 / 3, 5), 3)


def test_abstaining_is_not_right_unless_nothing_fits_and_is_told_apart():
    figures = measured([chosen(A, A), chosen(A, None), chosen(None, None), chosen(B, A)], [A, B])

    assert figures["accuracy"]["value"] == 0.5
    assert (figures["coverage"]["value"], figures["coverage"]["n"]) == (0.5, 4)
    assert (figures["where_it_speaks"]["value"], figures["where_it_speaks"]["n"]) == (0.5, 2)


def test_what_is_scored_but_not_offered_is_not_suggested():
    item = {"label": A, "score": 0.1, "offered": False}

    assert not Outcome([item], frozenset([A])).is_right


def test_always_saying_the_largest_class_is_shown_beside_accuracy():
    outcomes = [chosen(A, A)] * 9 + [chosen(B, A)]

    assert largest_class(outcomes) == {"label": A, **share(9, 10)}
    assert measured(outcomes, [A, B])["macro_f1"]["value"] < 0.5
    assert largest_class([]) is None


def test_nothing_answered_gives_figures_of_nothing():
    figures = measured([], [A, B])

    assert figures["accuracy"]["n"] == figures["macro_f1"]["n"] == figures["coverage"]["n"] == 0
    assert figures["labels"] == []


def test_the_confusion_matrix_has_people_in_rows_and_the_model_in_columns():
    table = confusion([chosen(A, A)] * 3 + [chosen(A, B)] * 2 + [chosen(B, None)])

    assert table["classes"] == [A, B, "nothing"]
    assert table["rows"] == [[3, 2, 0], [0, 0, 1], [0, 0, 0]]
    assert table["pairs"] == [{"answered": A, "said": B, "times": 2}]


def test_seventy_seven_labels_make_no_wall():
    table = confusion([chosen(label, label % 77 + 1) for label in range(1, 78)])

    assert len(table["classes"]) == 11
    assert table["wrong_among_others"] == table["rows"][-1][-1] == 66
    assert sum(map(sum, table["rows"])) == 77
    assert table["classes"][-1] == "others"


@pytest.mark.parametrize(
    ("said", "kind"),
    [
        (span(0, 5), "right"),
        (span(0, 5, B), "label"),
        (span(0, 4), "borders"),
        (span(2, 7, B), "both"),
        (span(6, 9), "extra"),
    ],
)
def test_each_suggested_span_is_wrong_in_one_way(said, kind):
    kinds = {kind: 1} if kind != "extra" else {"extra": 1, "missed": 1}

    found = span_errors([marked([span(0, 5)], [said])])["kinds"]
    assert {name: number for name, number in found.items() if number} == kinds


@settings(max_examples=60, deadline=None)
@given(
    *[st.sets(st.builds(span, st.integers(0, 6), st.integers(7, 12), st.sampled_from([A, B])))] * 2
)
def test_every_span_is_counted_once(answered, said):
    kinds = span_errors([marked(sorted(answered), sorted(said))])["kinds"]

    assert sum(number for kind, number in kinds.items() if kind != "missed") == len(said)
    paired = sum(kinds.get(kind, 0) for kind in ("right", "label", "borders", "both"))
    assert paired + kinds["missed"] == len(answered)


def test_spans_count_exactly_and_spans_elsewhere_do_not():
    figures = measured([marked([span(0, 5), span(8, 9)], [span(0, 5), span(8, 10)])], [A])

    assert figures["micro_f1"]["value"] == 0.5
    assert figures["labels"][0]["recall"]["n"] == 2


def test_a_model_that_is_right_as_often_as_it_says_lies_on_the_line():
    rng = np.random.default_rng(0)
    scores = rng.uniform(0.2, 1, 1500)
    outcomes = [
        chosen(A if right else B, A, score)
        for score, right in zip(scores, rng.random(1500) < scores, strict=True)
    ]

    figures = reliability(outcomes, several=False)

    assert len(figures["bins"]) == 10
    assert all(one["low"] - 0.02 < one["said"] < one["high"] + 0.02 for one in figures["bins"])
    assert figures["ece"]["value"] < 0.04
    assert [one["n"] for one in figures["bins"]] == [150] * 10


def test_a_model_that_boasts_is_off_by_as_much():
    outcomes = [chosen(A if row % 2 else B, A, 0.9) for row in range(100)]

    assert reliability(outcomes, several=False)["ece"]["value"] == pytest.approx(0.4, abs=1e-3)


def test_too_few_suggestions_make_no_reliability_plot():
    assert reliability([chosen(A, A)] * (ENOUGH - 1), several=False) == {"n": 29, "bins": []}


def test_class_shares_count_each_label_of_a_document_once_and_those_without():
    both = frozenset([span(0, 2), span(4, 6), span(8, 9, B)])

    figures = class_shares([both, frozenset([span(1, 2)]), frozenset(), frozenset()])

    assert [(row["label"], row["value"]) for row in figures["shares"]] == [
        (A, 0.5),
        (B, 0.25),
        (None, 0.5),
    ]
    assert figures["n"] == 4


def learned(n: int, *, seed: int, floor: float = 0.5, now: int = 1000) -> Track:
    """Right with a probability that rises from `floor` towards 0.9."""
    rng = np.random.default_rng(seed)
    answers = np.sort(rng.integers(0, now, n)).astype(float)
    chance = 0.9 - (0.9 - floor) * (1 + answers / 50) ** -0.5
    right = (rng.random(n) < chance).astype(float)
    return Track(answers, right, np.ones(n), rng.random(n) < 0.5)


def test_the_learning_curve_rises_inside_its_band():
    curve = learning_curve(learned(600, seed=1))

    points = np.array(curve["points"])
    assert points[-1, 1] > points[0, 1] + 0.1
    assert ((points[:, 2] <= points[:, 1]) & (points[:, 1] <= points[:, 3])).all()
    assert np.all(np.diff(points[:, 0]) >= 0)
    assert all(dot["n"] >= ENOUGH for dot in curve["dots"])


def test_there_is_no_curve_of_too_few_documents():
    assert learning_curve(learned(ENOUGH - 1, seed=1))["points"] == []
    assert gain(learned(ENOUGH - 1, seed=1), 1000) is None


def test_documents_are_put_in_the_order_of_their_answers():
    path = track([chosen(A, A), chosen(A, B)], [9, 4], [True, False], several=False)

    assert path.answers.tolist() == [4, 9]
    assert path.parts.tolist() == [0, 1]
    assert path.blind.tolist() == [False, True]


def test_the_gain_of_the_next_hundred_answers_is_inside_its_interval_nearly_always():
    true = 0.4 * ((1 + 400 / 50) ** -0.5 - (1 + 500 / 50) ** -0.5)
    gains = [gain(learned(150, seed=seed, now=400), 400) for seed in range(40)]

    assert 34 <= sum(one["low"] <= true <= one["high"] for one in gains) <= 40


def test_a_model_that_has_stopped_learning_is_not_expected_to_gain_much():
    flat = gain(learned(400, seed=2, floor=0.9), 1000)

    assert abs(flat["value"]) < 0.01
    assert flat["low"] <= 0 <= flat["high"] or flat["high"] - flat["low"] < 0.02


def test_answers_all_given_at_once_say_nothing_of_the_next():
    path = Track(np.zeros(50), np.ones(50), np.ones(50), np.ones(50, dtype=bool))

    assert gain(path, 50) is None


@settings(max_examples=60, deadline=None)
@given(
    st.integers(ENOUGH, 200),
    st.integers(1, 5000),
    st.floats(0, 1),
    st.integers(0, 1000),
)
def test_everything_drawn_lies_inside_the_drawing(n, now, chance, seed):
    rng = np.random.default_rng(seed)
    answers = np.sort(rng.integers(0, now, n)).astype(float)
    right = (rng.random(n) < chance).astype(float)
    curve = learning_curve(Track(answers, right, np.ones(n), rng.random(n) < 0.5))

    plot = curve_plot(curve, now)

    for dot in [plot["end"], *plot["dots"]]:
        assert all(0 <= place <= 100 for place in (dot.x, dot.y, dot.low, dot.high))
    assert all(0 <= tick.at <= 100 for tick in [*plot["x_ticks"], *plot["y_ticks"]])
    assert plot["y_ticks"][0].at == 0
    assert plot["y_ticks"][-1].at == 100
