"""Choose which version suggests for a question, go back to the one before, lay one aside."""

from __future__ import annotations

from django.db import transaction

from inference import artifacts
from inference.artifacts import ArtifactDamaged
from inference.comparing.compare import compare_at_once
from inference.comparing.evidence import Evidence, evidence_of
from inference.measuring.measure import last_event
from inference.models import PROMOTABLE, ModelKind, ModelVersion, Promotion, Stage
from inference.predictions.job import predict_for_promoted
from inference.publishing.aliases import keep_aliases_later
from inference.ranking import rank_later
from inference.registry import in_use
from projects.changes import announce_change
from projects.models import Question, User

REASON_LENGTH = 500


class Refused(Exception):
    """Why this cannot be done, for people to read."""


class NotBetter(Refused):
    """It is not known to be better than what suggests now, and nobody wrote down a reason."""


class Overtaken(Refused):
    """Somebody else has changed meanwhile which version suggests."""


def promote(
    *,
    version: ModelVersion,
    author: User | None,
    reason: str = "",
    instead_of: int | None = None,
) -> Promotion:
    """Have this version suggest from now on, because it wins or for the reason given.

    `instead_of`: the number of the version that suggested when this was decided, 0 for none.
    Raises NotBetter, Overtaken and Refused, with words that say what is known.
    """
    question, reason = version.question, reason.strip()
    check(version, reason)
    present = in_use(question)
    _raise_unless_seen(present, instead_of)
    if present == version:
        raise Refused(f"{version} suggests already.")
    evidence = fresh_evidence(version, present)
    if not evidence.wins and not reason:
        raise NotBetter(
            f"{evidence.words} Write down why it should suggest all the same, and it will."
        )
    with transaction.atomic():
        Question.objects.select_for_update(no_key=True).get(pk=question.pk)
        if in_use(question) != present:
            raise Overtaken(_overtaken(in_use(question)))
        _put_in_use(question, version)
        row = Promotion.objects.create(
            question=question,
            model_version=version,
            replaced=present,
            author=author,
            reason=reason,
            evidence=evidence.as_json(),
        )
        announce_change(question.project_id)
        keep_aliases_later(question)
        predict_for_promoted(question.project)
        rank_later(question.project_id, anew=True)
    return row


def rollback(
    *, question: Question, author: User | None, instead_of: int | None = None
) -> Promotion:
    """Go back to what suggested before the present version was promoted: another version, or the
    live head. Once more goes back one more. Versions whose files are damaged are passed over.

    `instead_of` is as for `promote`. Raises Overtaken, and Refused where nothing is promoted.
    """
    present = ModelVersion.objects.promoted().filter(question=question).first()
    _raise_unless_seen(present or in_use(question), instead_of)
    if present is None:
        raise Refused("The live head suggests, and there is nothing before it to go back to.")
    target, passed = _before(question, present)
    with transaction.atomic():
        Question.objects.select_for_update(no_key=True).get(pk=question.pk)
        if in_use(question) != present:
            raise Overtaken(_overtaken(in_use(question)))
        _put_in_use(question, target)
        row = Promotion.objects.create(
            question=question,
            model_version=target,
            replaced=present,
            author=author,
            evidence={"rollback": True, "passed_over": passed},
        )
        announce_change(question.project_id)
        keep_aliases_later(question)
        predict_for_promoted(question.project)
        rank_later(question.project_id, anew=True)
    return row


def archive(version: ModelVersion) -> None:
    """Lay a challenger aside. Raises Refused for any other."""
    mine = ModelVersion.objects.promotable().filter(pk=version.pk)
    if not mine.filter(stage__in=(Stage.CHALLENGER, Stage.NONE)).update(stage=Stage.ARCHIVED):
        raise Refused(f"{version} is no challenger, so it cannot be archived.")


def check(version: ModelVersion, reason: str = "") -> None:
    """Raises Refused where it can never suggest, or its files are not the ones that were stored."""
    if version.kind not in PROMOTABLE:
        raise Refused(f"{version} cannot be promoted: only a version that stays as it is can.")
    if len(reason) > REASON_LENGTH:
        raise Refused(f"The reason is longer than {REASON_LENGTH} characters. Shorten it.")
    if version.kind != ModelKind.REMOTE:
        try:
            artifacts.local(version)
        except ArtifactDamaged as damage:
            raise Refused(str(damage)) from damage


def fresh_evidence(version: ModelVersion, present: ModelVersion | None) -> Evidence:
    """What is known now; two fixed versions are compared again if answers came since."""
    found = evidence_of(version, present)
    present = found.present
    if present is None or present.is_live:
        return found
    known = found.comparison.figures["event"] if found.comparison else None
    if known == last_event(version.project) or compare_at_once(version, present) is None:
        return found
    return evidence_of(version, present)


def suggested_before(question: Question) -> list[int | None]:
    """Which versions suggested one after another, without what was taken back; the last one does
    now. None is the live head, with which it all begins.
    """
    suggested: list[int | None] = [None]
    rows = Promotion.objects.filter(question=question).order_by("pk")
    for version, evidence in rows.values_list("model_version", "evidence"):
        if not evidence.get("rollback"):
            suggested.append(version)
            continue
        suggested.pop()
        while suggested and suggested[-1] != version:
            suggested.pop()
        suggested = suggested or [version]
    return suggested


def _before(question: Question, present: ModelVersion) -> tuple[ModelVersion | None, list[str]]:
    """What to go back to, and which versions are passed over because they cannot be used."""
    passed: list[str] = []
    for pk in reversed(suggested_before(question)[:-1]):
        if pk is None or pk == present.pk:
            continue
        version = ModelVersion.objects.select_related("project", "question").get(pk=pk)
        try:
            check(version)
        except Refused as why:
            passed.append(str(why))
        else:
            return version, passed
    return None, passed


def _put_in_use(question: Question, version: ModelVersion | None) -> None:
    """Call it with the question locked."""
    champions = ModelVersion.objects.promoted().filter(question=question)
    for former in champions:
        former.stage = Stage.ARCHIVED
        former.save(update_fields=["stage", "updated_at"])
    if version is not None:
        version.stage = Stage.CHAMPION
        version.save(update_fields=["stage", "updated_at"])


def _raise_unless_seen(present: ModelVersion | None, seen: int | None) -> None:
    if seen is not None and seen != (present.number if present else 0):
        raise Overtaken(_overtaken(present))


def _overtaken(present: ModelVersion | None) -> str:
    now = f"{present} suggests now" if present else "nothing suggests now"
    return f"Somebody has changed meanwhile which version suggests: {now}. Look again, then decide."
