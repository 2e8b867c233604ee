"""Whether the encoder can read a project's texts, said in words that tell what to do.

Two signs: texts of which it made no vector (its vocabulary has no words of their script), and
labels that it guesses from their descriptions no better than chance. What is measured is asked of
the database only, in a few queries, and remembered for some minutes.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass
from math import sqrt
from typing import Literal

import numpy as np
from django.conf import settings
from django.core.cache import cache

from inference import engine, vectors
from inference.choices.heads import Floats, unit, wording
from labeling.models import Annotation
from labeling.resolved import resolved_answers
from projects.models import Project, Question, QuestionKind

SAMPLE = 200
FEWEST_TEXTS = 10
MUCH = 0.2
"""The share of unread texts from which something is said."""
FEWEST_ANSWERS = 30
MOST_ANSWERS = 300
SURE = 1.645
"""Standard errors over chance that a guess must lie to count as better: one side, 95 %."""
REMEMBERED_SECONDS = 300


@dataclass(frozen=True, slots=True)
class Guesses:
    """How many of `n` answers to a question were guessed `right` without any answer, and how
    many would be by chance, with the same shares of labels.
    """

    question: str
    n: int
    right: int
    by_chance: float

    @property
    def are_chance(self) -> bool:
        share = self.by_chance / self.n
        return self.right <= self.by_chance + SURE * sqrt(self.n * share * (1 - share))


@dataclass(frozen=True, slots=True)
class Legibility:
    """What the encoder reads of a project: `unread` of `sampled` texts not at all."""

    encoder: str = ""
    sampled: int = 0
    unread: int = 0
    guesses: tuple[Guesses, ...] = ()

    @property
    def share_unread(self) -> float:
        return self.unread / self.sampled if self.sampled else 0.0

    @property
    def verdict(self) -> Literal["", "unread", "chance"]:
        """Empty when nothing is wrong, or too little is known."""
        if self.sampled >= FEWEST_TEXTS and self.share_unread >= MUCH:
            return "unread"
        return "chance" if any(one.are_chance for one in self.guesses) else ""

    @property
    def sentence(self) -> str:
        """What people read of the verdict, without the way out."""
        if self.verdict == "unread":
            reads = " It reads English." if not settings.ENCODER else ""
            return (
                f"{self.encoder} could not read {100 * self.share_unread:.0f} % of a sample of "
                f"{self.sampled} texts, so nothing is suggested for such texts.{reads}"
            )
        for one in self.guesses if self.verdict else ():
            if one.are_chance:
                return (
                    f"From the descriptions alone, {self.encoder} guessed {one.right} of {one.n} "
                    f"answers to “{one.question}”. Chance would give {one.by_chance:.0f}. Either "
                    "the descriptions do not say what the labels mean, or it does not read this "
                    "language well."
                )
        return ""


def of(project: Project) -> Legibility:
    """What this process's engine reads of a project; nothing while there is no engine ready."""
    if engine.state().name != "ready":
        return Legibility()
    running = engine.serving().engine
    key = f"legibility-{project.pk}-{vectors.text_hash(running.name)[:16]}"
    known: Legibility | None = cache.get(key)
    if known is None:
        known = measured(project, encoder=running.name, title=running.title)
        cache.set(key, known, REMEMBERED_SECONDS)
    return known


def measured(project: Project, *, encoder: str, title: str) -> Legibility:
    """Computed anew, from the vectors that this encoder has made so far."""
    pool, unread = _sample(project, encoder)
    questions = project.questions.usable().filter(kind=QuestionKind.CHOICE, multiple=False)
    found = [_guesses(project, question, encoder, pool) for question in questions]
    return Legibility(
        encoder="The built-in model" if title == "MiniLM" else title,
        sampled=len(pool) + unread,
        unread=unread,
        guesses=tuple(one for one in found if one is not None),
    )


def _sample(project: Project, encoder: str) -> tuple[Floats, int]:
    """Vectors (n, d) of texts that were read, and how many others were not, though they have
    letters. Hashes fall evenly: the first are a fair sample.
    """
    hashes = project.documents.published().order_by("text_hash").values_list("text_hash", flat=True)
    known = vectors.cached(encoder, set(hashes[:SAMPLE]))
    read = [vector for vector in known.values() if vector.any()]
    zero = {key for key, vector in known.items() if not vector.any()}
    pool = np.stack(read) if read else np.zeros((0, 0), dtype=np.float32)
    return pool, _with_letters(project, zero)


def _with_letters(project: Project, hashes: Collection[str]) -> int:
    """How many of these texts have letters at all."""
    documents = project.documents.published().filter(text_hash__in=hashes)
    rows = documents.values_list("text_hash", "texts") if hashes else ()
    return len({key for key, texts in rows if any(map(str.isalpha, "".join(texts.values())))})


def _guesses(project: Project, question: Question, encoder: str, pool: Floats) -> Guesses | None:
    """None with too few answers, or before the descriptions were read."""
    labels = list(question.labels.all())
    keys = [vectors.text_hash(wording(label.name, label.description)) for label in labels]
    described = vectors.cached(encoder, set(keys))
    if not len(pool) or len(labels) <= 1 or not all(key in described for key in keys):
        return None
    wordings = np.stack([described[key] for key in keys])
    rows, answers = _answered(project, question, encoder)
    places = {label.pk: place for place, label in enumerate(labels)}
    pairs = [(row, places[one]) for row, one in zip(rows, answers, strict=True) if one in places]
    if len(pairs) < FEWEST_ANSWERS:
        return None
    texts = unit(np.stack([row for row, _ in pairs]) - pool.mean(axis=0))
    guessed = (texts @ unit(wordings - wordings.mean(axis=0)).T).argmax(axis=1).tolist()
    given = [place for _, place in pairs]
    ours, theirs = Counter(guessed), Counter(given)
    return Guesses(
        question=question.shown_title,
        n=len(pairs),
        right=sum(one == other for one, other in zip(guessed, given, strict=True)),
        by_chance=sum(ours[place] * theirs[place] for place in ours) / len(pairs),
    )


def _answered(project: Project, question: Question, encoder: str) -> tuple[list[Floats], list[int]]:
    """Vectors that were read, and the label chosen, of the newest answers that are not blind."""
    newest = Annotation.objects.in_project(project).counted().latest_first()
    open_ones = newest.filter(document__in=project.documents.published().not_blind())
    pairs = open_ones.values_list("document", "document__text_hash")[:MOST_ANSWERS]
    hashes = dict(pairs)
    known = vectors.cached(encoder, set(hashes.values()))
    rows: list[Floats] = []
    chosen: list[int] = []
    for document, answers in resolved_answers(project, hashes).items():
        picks = answers.get(question.pk, frozenset())
        vector = known.get(hashes[document])
        if len(picks) == 1 and vector is not None and vector.any():
            rows.append(vector)
            chosen.extend(pick for pick in picks if isinstance(pick, int))
    return rows, chosen
