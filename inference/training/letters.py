"""A second reader of spans, beside a fine-tuned one: a CRF on letters, shapes and neighbours.

It reads what word pieces hide, and errs elsewhere, so that both together do better than either.
Their probabilities are pooled by the weighted mean of the logarithms (Genest and Zidek 1986). What
the scores of spans are worth is told from the validation part.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import safetensors.numpy as files
from safetensors import SafetensorError

from inference.choices.regression import Floats, softmax
from inference.engine import EngineError
from inference.packing import Tensors, part, under
from inference.spans import bio, crf, tagger
from inference.spans.calibration import Calibration, calibrate
from inference.spans.crf import Crf
from inference.spans.tagger import Marked
from inference.spans.words import Words, word_places

if TYPE_CHECKING:
    from inference.training.lessons import Example
    from inference.training.network import Network

FILE = "letters.safetensors"
"""Beside a model's own weights; who loads those alone does without."""
WEIGHT = 0.25
"""Of the CRF. Chosen on 1,000 tweets that had not been learned; choosing it anew on each validation
part, which holds some hundred spans, did worse than to keep it."""
LEAST = 1e-9


@dataclass(frozen=True, slots=True)
class Letters:
    """`weight`: what the CRF counts for, of one."""

    crf: Crf
    weight: float

    def beside(self, text: str, shares: Floats) -> Floats:
        """(w, tags) of both, from those of the model."""
        if not len(shares):
            return shares
        words = [text[start:end] for start, end in word_places(text).tolist()]
        mine, theirs = (
            np.log(np.maximum(of, LEAST)) for of in (self.crf.probabilities(words), shares)
        )
        return softmax((self.weight * mine + (1 - self.weight) * theirs).astype(np.float32))

    def tensors(self) -> dict[str, Any]:
        return {**under("crf", self.crf.tensors()), "weight": np.array([self.weight])}

    def write(self, folder: Path) -> None:
        """Raises OSError."""
        (folder / FILE).write_bytes(files.save(self.tensors()))


def read(folder: Path, tags: int) -> Letters | None:
    """What lies in a folder; None where nothing does. Raises EngineError where it is damaged."""
    path = folder / FILE
    if not path.is_file():
        return None
    try:
        return _of(files.load(path.read_bytes()), tags)
    except (OSError, SafetensorError, KeyError, ValueError) as error:
        raise EngineError(f"{FILE} is damaged.") from error


def _of(tensors: Tensors, tags: int) -> Letters:
    """Raises KeyError and ValueError for arrays that are none of a model of so many tags."""
    read, weight = Crf.from_tensors(part("crf", tensors)), float(tensors["weight"][0])
    fits = read.weights.shape == (len(read.names), tags) and read.steps.shape == (tags, tags)
    if not fits or not 0 <= weight <= 1:
        raise ValueError("It is of another model.")
    return Letters(read, weight)


def put_beside(network: Network) -> dict[str, Any]:
    """Give a network that tags words its second reader; returns the facts about both together.
    Nothing for a choice, or where nothing is marked.
    """
    lessons = network.lessons
    if lessons.task != "span" or not any(one.marks for one in lessons.train):
        return {}
    read = _fitted([_lesson(one) for one in lessons.train], bio.tag_count(len(lessons.labels)))
    network.letters = Letters(read, WEIGHT)
    said = network.classifier().tag([one.text for one in lessons.validation])
    line = _line(lessons.validation, said)
    return {
        "letters_weight": WEIGHT,
        "calibration": [line.offset, line.slope],
        "case_told": network.pieces.tells_case,
    }


def _fitted(lessons: Sequence[tagger.Lesson], tags: int) -> Crf:
    chains = [chain for one in lessons for chain in one.chains()]
    return crf.fit([names for names, _ in chains], [of for _, of in chains], tags)


def _line(examples: Sequence[Example], said: Sequence[Floats]) -> Calibration:
    """Under which the scores of spans come true; `said` (w, tags) of each text."""
    found = [
        (run.score, run[:3] in lesson.runs)
        for lesson, shares in zip(map(_lesson, examples), said, strict=True)
        for run in tagger.runs_in(shares)
    ]
    return calibrate([score for score, _ in found], [right for _, right in found])


def _lesson(one: Example) -> tagger.Lesson:
    """Of words that no encoder has read."""
    places = word_places(one.text)
    nothing = np.zeros((len(places), 0), dtype=np.float32)
    return tagger.lesson(
        Marked(one.text, Words(places, nothing, nothing.astype(np.uint8)), one.marks)
    )
