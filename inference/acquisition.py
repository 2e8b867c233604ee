"""What to ask next: texts whose answers teach the most about the others.

Pure numpy, deterministic. Greedy facility location: a text is worth how much nearer it brings what
was not covered yet, each other text weighing what is to be learned there. So a near-duplicate of an
answered text is worth nothing, an outlier hardly anything, and the middle of a crowd much.
Wei, Iyer and Bilmes, "Submodularity in data subset selection and active learning", ICML 2015; its
lazy evaluation is Minoux's (1978).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from inference.choices.heads import Floats, unit

TWO = 2
PICKED = np.float32(-1)
SLIGHTEST = np.float32(1e-6)


def choice_uncertainty(probabilities: Floats, *, multiple: bool, offered: float = 0.5) -> Floats:
    """(n, C) to (n,), between 0 and 1.

    One label: how near the two likeliest are (margin). Several: how near each label is to the
    probability `offered` from which it is suggested, averaged over the labels.
    """
    if multiple:
        far = np.abs(probabilities - offered) / max(offered, 1 - offered)
        near: Floats = np.asarray(1 - far, dtype=np.float32)
        mean: Floats = np.clip(near, 0, 1).mean(axis=1, dtype=np.float32)
        return mean
    if probabilities.shape[1] < TWO:
        return np.zeros(len(probabilities), dtype=np.float32)
    best = np.partition(probabilities, -TWO, axis=1)[:, -TWO:]
    close: Floats = 1 - (best[:, 1] - best[:, 0])
    return close


def largest(uncertainties: Sequence[Floats]) -> Floats:
    """(n,) of several questions: of each text the largest, the top of each question being 1."""
    tops = [np.maximum(one.max(initial=0), SLIGHTEST) for one in uncertainties]
    scaled = [one / top for one, top in zip(uncertainties, tops, strict=True)]
    worst: Floats = np.max(scaled, axis=0).astype(np.float32)
    return worst


def most_telling(
    vectors: Floats, answered: Floats, *, count: int, uncertainty: Floats | None = None
) -> list[int]:
    """At most `count` rows of `vectors` (n, d), the most telling first.

    `answered` (k, d) are covered already. With an `uncertainty` (n,) every second pick looks after
    uncertain texts only, weighed by its square; the others after all texts alike, which keeps a
    head that is wrong about a whole region from never being asked there.
    All rows are of length one. Memory and time grow with n squared.
    """
    everywhere = np.ones(len(vectors), dtype=np.float32)
    weights = [everywhere]
    if uncertainty is not None and uncertainty.any():
        weights = [uncertainty**2, everywhere]
    centre = vectors.mean(axis=0) if len(vectors) else np.float32(0)
    rows = unit(vectors - centre)
    alike = np.maximum(rows @ rows.T, 0)
    covered = (rows @ unit(answered - centre).T).max(axis=1, initial=0)
    gains = [weight @ np.maximum(alike - covered[:, None], 0) for weight in weights]
    picked: list[int] = []
    for turn in range(min(count, len(rows))):
        mine = turn % len(weights)
        row = _best(alike, covered, weights[mine], gains[mine])
        for one in gains:
            one[row] = PICKED
        covered = np.maximum(covered, alike[row])
        picked.append(row)
    return picked


def _best(alike: Floats, covered: Floats, weight: Floats, gains: Floats) -> int:
    """The row that gains most. What a row gained earlier bounds what it gains now: `gains` holds
    such bounds, and only those at the top are computed afresh.
    """
    while True:
        row = int(gains.argmax())
        gains[row] = weight @ np.maximum(alike[row] - covered, 0)
        if gains[row] >= gains.max():
            return row
