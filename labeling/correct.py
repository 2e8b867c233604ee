from __future__ import annotations

from collections.abc import Mapping, Sequence

from django.db import transaction

from labeling.chosen import check, questions_of
from labeling.items import Chosen, Item, Items, Pick, item_of, pick_of
from labeling.models import Annotation, AnnotationState, Event, EventKind, Origin
from labeling.submit import Conflict, Submission, keep, sent_before
from projects.changes import announce_change
from projects.models import Document, User

CHANGED = "This answer was changed after the page was loaded."


def correct(
    *, annotation: Annotation, owner: User, chosen: Chosen, submission: Submission
) -> Event:
    """Put an owner's choice in place of one person's answer; the event says whose act it was.

    What stays as it was keeps where it came from, what is new was chosen without a suggestion.
    The same client id twice corrects once. Raises InvalidAnswers, or Conflict when the answer
    does not stand as `replaces` says any more.
    """
    document = annotation.document
    answers = check(chosen, questions_of(document.project), document.texts)
    with transaction.atomic():
        current = lock(annotation)
        before = sent_before(owner, submission.client_id)
        if before is not None:
            return before
        submitted = current.state == AnnotationState.SUBMITTED
        if not submitted or current.last_event_id != submission.replaces:
            raise Conflict(CHANGED)
        items = _items(current, answers)
        event = Event.objects.create(
            project=document.project,
            document=document,
            actor=owner,
            annotator=current.annotator,
            kind=EventKind.REVISE,
            client_id=submission.client_id,
            replaces=current.last_event,
            guideline=document.project.guideline,
            payload={
                "answers": {str(question): of for question, of in items.items()},
                "imported": current.annotator is None,
            },
            active_ms=submission.active_ms,
        )
        # Neither the time it took nor its place in the person's history is the owner's.
        theirs = {"active_ms": current.active_ms, "finished_at": current.finished_at}
        keep(current, items=items, event=event, surplus=current.surplus)
        Annotation.objects.filter(pk=current.pk).update(**theirs)
        announce_change(document.project_id)
    return event


def lock(annotation: Annotation) -> Annotation:
    """The annotation as it stands now, its document locked to the end of the transaction."""
    Document.objects.select_for_update(no_key=True).get(pk=annotation.document_id)
    return Annotation.objects.select_related("last_event", "annotator").get(pk=annotation.pk)


def _items(annotation: Annotation, answers: Mapping[int, Sequence[Pick]]) -> Items:
    """The new answer; picks that stood before keep their provenance."""
    texts = annotation.document.texts
    stood = {(answer.question_id, pick_of(answer)): answer for answer in annotation.answers.all()}
    items: dict[int, list[Item]] = {}
    for question, picks in answers.items():
        items[question] = []
        for pick in picks:
            before = stood.get((question, pick))
            item = item_of(pick, texts, before.origin if before else Origin.MANUAL.value)
            if before is not None:
                item["suggested"] = before.suggested
                item["model_version"] = before.model_version
            items[question].append(item)
    return items
