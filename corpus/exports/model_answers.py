"""What a model answers in place of people, as a column of its own: marked, never mixed in."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from labeling.merged import Into, followed_items, merged_into
from labeling.models import ModelAnnotation
from projects.models import DocumentState, Label, Project

MODEL_ANSWERS = "model_answers"


class ModelAnswers:
    """The answers of models about a project's documents, by the names there are now."""

    def __init__(self, project: Project) -> None:
        self.project = project
        self.into: Into = merged_into(project)
        labels = Label.objects.filter(question__project=project)
        self.labels: dict[int, str] = dict(labels.values_list("pk", "name"))

    def told(self, documents: Collection[int]) -> dict[int, list[dict[str, Any]]]:
        """Document id to what a model answers, question by question. One query.

        Only of documents that a model labels now: a person's answer ends that. An answer whose
        every label is gone is left out; one that says "none of them" has no items.
        """
        rows = ModelAnnotation.objects.filter(
            project=self.project, document__in=documents, document__state=DocumentState.MODEL
        )
        told: dict[int, list[dict[str, Any]]] = {}
        for row in rows.select_related("question").order_by("document", "question"):
            items = self._items(row.items)
            if items or not row.items:
                answer = {"question": row.question.name, "model": row.model_version, "items": items}
                told.setdefault(row.document_id, []).append(answer)
        return told

    def _items(self, items: list[dict[str, Any]]) -> list[dict[str, Any]]:
        followed = followed_items([item for item in items if item["label"]], self.into)
        return [self._item(item) for item in followed if item["label"] in self.labels]

    def _item(self, item: Mapping[str, Any]) -> dict[str, Any]:
        place = {name: item[name] for name in ("field", "start", "end") if name in item}
        return {"label": self.labels[item["label"]], **place, "score": item.get("score")}
