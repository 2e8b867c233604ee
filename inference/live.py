"""The live version of each question: a light head that follows the answers.

A live version is (question, encoder, last event). It is refitted from cached vectors when the
answers moved on, by one process for all of them, which stores the weights; the others load them.
Meanwhile, or when a fit fails, the last good one serves.
"""

from __future__ import annotations

import logging
from collections.abc import Collection, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

from inference import turns
from inference.choices.heads import Head
from inference.engine import Serving, Unavailable
from inference.engine import serving as this_engine
from inference.learning import Learned, fit_choice, fit_spans, gather
from inference.models import LiveWeights, ModelVersion, Stage
from inference.promoted import readers as promoted_readers
from inference.promoted.shares import by_itself, share_of, with_promoted
from inference.promoted.versions import Promoted, keep_blended, promoted_as
from inference.ranking import rank_later
from inference.registry import keep_live_version
from inference.spans.heads import SpanHead
from inference.stamps import Stamp, stamps_of
from inference.threads import in_thread
from inference.tuning import job, readers
from inference.tuning.job import tune_later
from inference.tuning.readers import Tuned
from inference.tuning.versions import with_share
from inference.turns import Turn
from inference.weights import packed, unpacked
from labeling.chosen import questions_of
from projects.models import Project, Question, QuestionKind

logger = logging.getLogger(__name__)

FEWEST_LABELS = 2

fits = ThreadPoolExecutor(1, thread_name_prefix="fit")


@dataclass(frozen=True, slots=True)
class LiveHead:
    """A head as it serves: its columns are `labels`, in this order.

    `fitted` tells the weights of a question in the database from older ones. Where a version is
    `promoted`, model version and name are of what suggests with it, and `plain` is the head by
    itself, for what the promoted version cannot read.
    """

    question: int
    labels: tuple[int, ...]
    head: Head | SpanHead
    model_version: int
    name: str
    version: str
    stamp: Stamp
    fitted: int = 0
    promoted: Promoted | None = None
    plain: LiveHead | None = None

    @property
    def model(self) -> dict[str, str]:
        """Which model this is, as frames say it."""
        return {"name": self.name, "version": self.version}

    @property
    def by_itself(self) -> LiveHead:
        """The live head without the promoted version."""
        return self.plain or self

    @property
    def tuned(self) -> Tuned | None:
        """The tuned encoder that the head wants to hear of a text's words, if there is one."""
        if not isinstance(self.head, SpanHead) or self.head.tuned is None:
            return None
        reads = self.promoted is not None and not self.promoted.is_remote
        version = self.stamp.promoted if reads else self.stamp.tuned
        return Tuned(version, self.labels) if version else None


_held: dict[int, tuple[LiveHead, ...]] = {}


def latest(project_id: int) -> tuple[LiveHead, ...] | None:
    """The last good heads of a project, from memory; None before the first fit."""
    return _held.get(project_id)


def forget_all() -> None:
    """Empty the memory of this process: the next use reads the weights, or fits afresh."""
    _held.clear()
    readers.forget_all()
    job.forget_all()


async def refreshed(project: Project) -> tuple[LiveHead, ...]:
    """As `refresh`, on the thread that fits; awaiting it never blocks the loop."""
    return await in_thread(refresh, fits)(project)


def has_news(project_id: int) -> bool:
    """Whether a question is to be refitted, or was by another process. One query."""
    held = {one.question: one.fitted for one in latest(project_id) or ()}
    rows = LiveWeights.objects.filter(question__project=project_id)
    return any(
        wanted > fitted or held.get(question, fitted) != fitted
        for question, wanted, fitted in rows.values_list("question", "wanted", "fitted")
    )


def refresh(project: Project) -> tuple[LiveHead, ...]:
    """The project's heads, brought up to what they depend on now. Blocks.

    Loads what another process has stored and fits what nobody has. Where another is just fitting,
    or a fit fails, the last good head stays. Raises Unavailable when there is no engine, or no
    head yet.
    """
    serving = this_engine()
    asked = _asked(project)
    stamps = stamps_of(project, list(asked.values()), serving.engine.name)
    held = {one.question: one for one in latest(project.pk) or () if one.question in asked}
    known = {pk: one.stamp for pk, one in held.items()}
    before = latest(project.pk)
    is_whole = before is not None and len(before) == len(held)  # no question has gone since
    if before is not None and is_whole and known == stamps and not has_news(project.pk):
        return before
    held |= _loaded(asked, held, serving.engine.name)
    turns.want([pk for pk, stamp in stamps.items() if pk not in held or held[pk].stamp != stamp])
    held |= _refitted(project, asked.keys(), held, serving)
    if asked and not held:
        raise Unavailable("The model has learned nothing yet.")
    _held[project.pk] = tuple(held[pk] for pk in asked if pk in held)
    rank_later(project.pk)
    return _held[project.pk]


def _asked(project: Project) -> dict[int, Question]:
    """The questions that can be suggested for. Reads them, and their labels."""
    return {one.pk: one for one in questions_of(project) if _can_be_served(one)}


def _loaded(
    asked: Mapping[int, Question], held: Mapping[int, LiveHead], encoder: str
) -> dict[int, LiveHead]:
    """The heads in the database that are not the ones we hold."""
    found = {}
    rows = LiveWeights.objects.filter(question__in=asked).exclude(model_version=None)
    for row in rows.select_related("model_version").defer("values"):
        mine = held.get(row.question_id)
        if row.stamp.get("encoder") != encoder or (mine and mine.fitted == row.fitted):
            continue
        if mine and mine.stamp._asdict() == row.stamp:
            found[row.question_id] = replace(mine, fitted=row.fitted)
        elif head := _read(row, asked[row.question_id].kind):
            found[row.question_id] = head
    return found


def _read(row: LiveWeights, kind: str) -> LiveHead | None:
    """The head of a row; None, said in the log, where it is damaged or of another release."""
    assert row.model_version is not None  # noqa: S101 - what was stored has its version
    try:
        head, stamp = unpacked(kind, bytes(row.values)), Stamp(**row.stamp)
    except Exception:
        logger.exception("weights_damaged", extra={"question": row.question_id})
        return None
    version = row.model_version
    return _with_promoted(
        LiveHead(
            row.question_id,
            tuple(row.labels),
            head,
            version.pk,
            version.name,
            row.version,
            stamp,
            row.fitted,
        )
    )


def _refitted(
    project: Project,
    questions: Collection[int],
    held: Mapping[int, LiveHead],
    serving: Serving,
) -> dict[int, LiveHead]:
    """Fits what is wanted and free, and again what is wanted anew by then."""
    fresh: dict[int, LiveHead] = {}
    while mine := turns.take(questions):
        with turns.kept(mine):
            asked = _asked(project)
            stamps = stamps_of(project, list(asked.values()), serving.engine.name)
            learned = None
            for turn in mine:
                last = fresh.get(turn.question) or held.get(turn.question)
                if last:  # also when the fit fails, which is tried again at the next change
                    fresh[turn.question] = replace(last, fitted=turn.wanted)
                stamp = stamps.get(turn.question)
                if stamp is not None and not (last and last.stamp == stamp):
                    learned = learned or gather(project, serving)
                    fresh |= _fitted(asked[turn.question], learned, serving, (turn, stamp))
    return fresh


def _fitted(
    question: Question, learned: Learned, serving: Serving, due: tuple[Turn, Stamp]
) -> dict[int, LiveHead]:
    """The head by its question; nothing when the fit failed or came too late."""
    try:
        head = _fit(question, learned, serving, due)
    except Unavailable:
        raise
    except Exception:
        logger.exception("refit_failed", extra={"question": question.pk})
        return {}
    return {question.pk: head} if head else {}


def _fit(
    question: Question, learned: Learned, serving: Serving, due: tuple[Turn, Stamp]
) -> LiveHead | None:
    """A head from what there is to learn, stored. None when another has taken over meanwhile."""
    turn, stamp = due
    promoted = promoted_as(stamp.promoted)
    beside = promoted if promoted and not promoted.is_remote else None
    head: Head | SpanHead
    if question.kind == QuestionKind.SPAN:
        head, facts = fit_spans(question, learned)
        head = with_promoted(head, beside) if beside else with_share(head, stamp.tuned)
    else:
        head, facts = fit_choice(question, learned, serving, beside)
    row = keep_live_version(
        question=question,
        engine=serving.engine,
        last_event=stamp.last_event,
        facts={**facts, "labels": stamp.labels},
        stage=Stage.NONE if promoted else Stage.CHAMPION,
    )
    share = share_of(head)
    if beside and share and not share.is_alone:
        facts |= {"weight": share.weight}
        keep_blended(beside, last_event=stamp.last_event, facts=facts)
    labels = tuple(label.pk for label in question.labels.all())
    kept = turns.store(
        turn,
        stamp=stamp._asdict(),
        labels=labels,
        model_version=row,
        version=row.version,
        values=packed(head),
    )
    if not kept:
        return None
    tune_later(question, serving.engine, facts, removal=stamp.last_removal)
    return _with_promoted(
        LiveHead(question.pk, labels, head, row.pk, row.name, row.version, stamp, turn.wanted)
    )


def _with_promoted(head: LiveHead) -> LiveHead:
    """The head and the promoted version as they suggest together, or that one alone; the head by
    itself where there is none, or none that can be used.
    """
    promoted = promoted_as(head.stamp.promoted)
    if promoted is None:
        return head
    speaker, name, version = promoted.version, promoted.name, str(promoted.number)
    if promoted.is_remote:
        plain, share = head, None
    else:
        plain, share = replace(head, head=by_itself(head.head)), share_of(head.head)
        if not promoted_readers.usable(promoted):
            return plain
    if share and not share.is_alone:
        row = ModelVersion.objects.live().get(base=promoted.version, question=head.question)
        speaker, name = row.pk, row.name
        version = f"{row.number}.{head.stamp.last_event}"
    return replace(
        head, promoted=promoted, plain=plain, model_version=speaker, name=name, version=version
    )


def _can_be_served(question: Question) -> bool:
    """A choice needs two labels to choose from, a span one to be marked with."""
    fewest = 1 if question.kind == QuestionKind.SPAN else FEWEST_LABELS
    return len(question.labels.all()) >= fewest
