"""Texts that nobody has answered, which teach a single choice all the same.

A corpus has more of them than of answers. A regression on the answered texts, each leaning on the
unlabelled ones most like it, says of every unlabelled text what it probably is; the encoder then
learns that beside the answers. The first is a step of label spreading (Zhou et al. 2004), the
second self-training (Xie et al. 2020, arXiv 1911.04252).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from inference.choices.neighbours import SMALLEST_POOL, Neighbours
from inference.choices.regression import Floats, multinomial, softmax, unit
from inference.training.lessons import Lessons
from inference.training.network import Network
from inference.training.rows import Row
from inference.training.start import states
from projects.models import Project
from projects.models.document import joined_text

MOST = 8000
SHARPNESS = 2.0
STRENGTH = 30.0
AT_ONCE = 500


def unlabelled_texts(project: Project, lessons: Lessons) -> list[str]:
    """Those of the project that are not among the lessons; blind ones are not looked at.

    Hashes fall evenly, so the first of them are fair in whatever order texts came.
    """
    known = {one.text for one in (*lessons.train, *lessons.validation)}
    documents = project.documents.published().not_blind().order_by("text_hash")
    texts = documents.values_list("texts", flat=True)[: MOST + len(known)]
    joined = dict.fromkeys(joined_text(each, project.text_fields) for each in texts)
    return [text for text in joined if text not in known][:MOST]


def guessed(
    network: Network, rows: Sequence[Row], validation: Sequence[Row], texts: Sequence[str]
) -> list[Row]:
    """The texts with how likely each label is. None of them where several labels may be chosen,
    where they are few, or where leaning on them makes more mistakes on the validation part.

    The network has to be as it came: its encoder's vectors are what texts are compared by.
    """
    lessons = network.lessons
    if lessons.task != "choice" or lessons.multiple or len(texts) < SMALLEST_POOL:
        return []
    nothing = np.zeros(len(lessons.labels), dtype=np.float32)
    others = [Row(parts, nothing) for parts in network.pieces.parts(texts)]
    known, held_out, free = (unit(states(network, of)[1]) for of in (rows, validation, others))
    classes = np.array([row.target.argmax() for row in rows])
    centre = free.mean(axis=0)
    near = Neighbours(centre, unit(free - centre))
    leaned = _leaned(near, known)
    plain, teacher = (
        multinomial(of, classes, len(nothing), strength=STRENGTH) for of in (known, leaned)
    )
    if plain is None or teacher is None:
        return []
    right = np.array([row.target.argmax() for row in validation])
    if _hits(teacher.logits(_leaned(near, held_out)), right) < _hits(plain.logits(held_out), right):
        return []
    likely = softmax(np.float32(SHARPNESS) * teacher.logits(_leaned(near, free)))
    return [row._replace(target=of) for row, of in zip(others, likely, strict=True)]


def _leaned(near: Neighbours, vectors: Floats) -> Floats:
    """In portions: each text is compared with all others."""
    if not len(vectors):
        return vectors
    portions = range(0, len(vectors), AT_ONCE)
    return np.concatenate([near.lean(near.centred(vectors[at : at + AT_ONCE])) for at in portions])


def _hits(logits: Floats, right: Floats) -> int:
    return int((logits.argmax(axis=1) == right).sum())
