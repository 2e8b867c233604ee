"""How answers came about, as files tell it: by names, never by the ids of rows."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from labeling.models import Annotation, Answer, Event, EventKind
from projects.models import Label, Project

OUTSIDE = "outside"
"""The arm of documents that are not of the reserve."""


class Provenance:
    """Reads the provenance of a project's annotations; their answers and last event are loaded."""

    def __init__(self, project: Project) -> None:
        self.several_fields = len(project.text_fields) > 1
        self.questions = dict(project.questions.values_list("pk", "name"))
        labels = Label.objects.filter(question__project=project)
        self.labels = dict(labels.values_list("pk", "name"))

    def told(self, annotations: Sequence[Annotation]) -> dict[int, dict[str, Any]]:
        """Annotation id to its provenance, for these."""
        shown = shown_when_answered(annotations)
        return {each.pk: self._of(each, shown.get(each.pk, {})) for each in annotations}

    def _of(self, annotation: Annotation, shown: Mapping[str, Any]) -> dict[str, Any]:
        """The arm; per question the items with where they came from, and what was suggested.

        `reason`: why it was skipped or withdrawn. `sent` and `painted` are as they stood when
        the person answered.
        """
        event = annotation.last_event
        items = self._items(annotation.answers.all())
        suggestions = _suggestions(shown)
        about = {*annotation.answered_questions, *suggestions}
        return {
            "arm": shown.get("arm") or OUTSIDE,
            "corrected_by": corrector_of(event),
            "reason": event.payload.get("reason") if event else None,
            "questions": {
                name: {"items": items.get(pk, []), "suggestions": suggestions.get(pk, [])}
                for pk, name in self.questions.items()
                if pk in about
            },
        }

    def _items(self, answers: Iterable[Answer]) -> dict[int, list[dict[str, Any]]]:
        items: dict[int, list[dict[str, Any]]] = {}
        for answer in answers:
            item = self._place(answer.field, answer.start, answer.end)
            item |= {
                "label": self.labels.get(answer.label_id or 0, ""),
                "origin": answer.origin,
                "suggested": self._suggested(answer.suggested),
                "model": answer.model_version,
            }
            items.setdefault(answer.question_id, []).append(item)
        return items

    def _suggested(self, item: Mapping[str, Any] | None) -> dict[str, Any] | None:
        """The suggestion as it was served; a label that was removed since has no name any more."""
        if item is None:
            return None
        place = self._place(item.get("field", ""), item.get("start"), item.get("end"))
        rest = {"score": item.get("score"), "offered": item.get("offered")}
        return {**place, "label": self.labels.get(item["label"]), **rest}

    def _place(self, field: str, start: int | None, end: int | None) -> dict[str, Any]:
        if end is None:
            return {}
        where = {"field": field} if self.several_fields else {}
        return {**where, "start": start, "end": end}


def corrector_of(event: Event | None) -> str | None:
    """The owner who put another answer in the place of somebody's."""
    if event is None or event.kind != EventKind.REVISE or not event.annotator_id:
        return None
    return event.actor.username if event.actor else None


def shown_when_answered(annotations: Iterable[Annotation]) -> dict[int, dict[str, Any]]:
    """Annotation id to what its author's own latest event says of arm and suggestions.

    What an owner did afterwards says nothing of that; the event it replaces does.
    """
    shown: dict[int, dict[str, Any]] = {}
    events = {each.pk: each.last_event for each in annotations if each.last_event}
    while events:
        earlier: dict[int, int] = {}
        for annotation, event in events.items():
            if "arm" in event.payload:
                shown[annotation] = event.payload
            elif event.replaces_id:
                earlier[annotation] = event.replaces_id
        found = Event.objects.in_bulk(set(earlier.values()))
        events = {annotation: found[event] for annotation, event in earlier.items()}
    return shown


def _suggestions(shown: Mapping[str, Any]) -> dict[int, list[dict[str, Any]]]:
    """Question id to what was computed for it: by which model, whether sent and painted."""
    suggestions: dict[int, list[dict[str, Any]]] = {}
    for exposure in shown.get("exposures", ()):
        told = {
            "model": exposure["model_version"],
            "sent": exposure["sent"],
            "painted": exposure["painted"],
        }
        suggestions.setdefault(exposure["question"], []).append(told)
    return suggestions
