from __future__ import annotations

from itertools import pairwise, product

import numpy as np
import pytest
from hypothesis import given, settings

from inference.spans import bio, crf
from inference.spans.crf import Chains, Crf
from inference.spans.crf_features import attributes
from tests.inference.test_words import texts

TAGS = 5


def taught(pairs: list[tuple[str, list[int]]]) -> Crf:
    return crf.fit(
        [attributes(text.split()) for text, _ in pairs],
        [np.array(tags, dtype=np.intp) for _, tags in pairs],
        TAGS,
    )


NAMES = taught(
    [("today Ada Byron went home", [0, 1, 2, 0, 0]), ("so Rome is far", [0, 3, 0, 0])] * 4
)


def by_hand(scores: np.ndarray, steps: np.ndarray) -> tuple[np.ndarray, float]:
    """Marginals and log partition by counting every sequence that means something."""
    total, marginals = 0.0, np.zeros_like(scores)
    follows = bio.may_follow(scores.shape[1])
    for tags in product(range(scores.shape[1]), repeat=len(scores)):
        means = not (tags[0] and tags[0] % 2 == 0) and all(follows[pair] for pair in pairwise(tags))
        score = sum(scores[row, tag] for row, tag in enumerate(tags)) + sum(
            steps[pair] for pair in pairwise(tags)
        )
        power = np.exp(score) * means
        total += power
        for row, tag in enumerate(tags):
            marginals[row, tag] += power
    return marginals / total, float(np.log(total))


@pytest.mark.parametrize("lengths", [[3], [1, 4, 2], [2, 2]])
def test_chains_side_by_side_are_each_as_counted_by_hand(lengths):
    dice = np.random.default_rng(1)
    scores, steps = dice.normal(size=(sum(lengths), TAGS)), dice.normal(size=(TAGS, TAGS))
    chains = Chains(lengths)
    ends = np.cumsum([0, *lengths])
    parts = [by_hand(scores[a:b], steps) for a, b in pairwise(ends)]

    found = chains.beliefs(scores[chains.order], steps)

    wanted = np.vstack([marginals for marginals, _ in parts])
    assert found.tags == pytest.approx(wanted[chains.order])
    assert found.log_total == pytest.approx(sum(total for _, total in parts))
    assert found.steps.sum() == pytest.approx(sum(lengths) - len(lengths))


def test_the_slope_is_that_of_the_loss():
    tags = [np.array([0, 1, 2, 0]), np.array([3, 0])]
    names = [attributes(["so", "Ada", "Byron", "came"]), attributes(["Rome", "fell"])]
    rows = {name: row for row, name in enumerate({n for of in names for one in of for n in one})}
    loss = crf._Loss(names, tags, rows, TAGS)
    flat = np.random.default_rng(2).normal(size=(len(rows) + TAGS) * TAGS)
    step = np.random.default_rng(3).normal(size=flat.shape)

    around = (loss(flat + 1e-5 * step)[0] - loss(flat - 1e-5 * step)[0]) / 2e-5

    assert loss(flat)[1] @ step == pytest.approx(around, rel=1e-5)


def test_it_knows_again_and_knows_by_the_look():
    shares = NAMES.probabilities(["today", "Grace", "Byron", "went"])

    assert shares.argmax(axis=1).tolist() == [0, 1, 2, 0]
    assert shares.sum(axis=1) == pytest.approx(1)


@given(texts)
@settings(deadline=None)
def test_any_words_have_probabilities(text):
    words = text.split()

    shares = NAMES.probabilities(words)

    assert shares.shape == (len(words), TAGS)
    assert np.isfinite(shares).all()
    assert shares.sum(axis=1) == pytest.approx(np.ones(len(words)))


def test_a_long_text_is_cut_at_the_ends_of_sentences():
    words = [*("word " * 40).split(), ".", *("word " * 200).split()]

    bounds = crf.cuts(words)

    assert bounds[0] == (0, 41)
    assert [start for start, _ in bounds[1:]] == [end for _, end in bounds[:-1]]
    assert bounds[-1][1] == len(words)
    assert max(end - start for start, end in bounds) <= crf.LONGEST_CHAIN
    assert crf.cuts([]) == []


def test_ten_thousand_words_are_quick_and_whole():
    words = ["today", "Ada", "Byron", "went", "home", "."] * 1700

    shares = NAMES.probabilities(words)

    assert len(shares) == len(words)
    assert (shares[:, 0] < 0.5).mean() == pytest.approx(2 / 6, abs=0.02)


def test_what_is_stored_is_the_same():
    again = Crf.from_tensors(NAMES.tensors())
    words = ["today", "Grace", "Byron", "went", "to", "Rome"]

    assert again.names == NAMES.names
    assert (again.probabilities(words) == NAMES.probabilities(words)).all()
