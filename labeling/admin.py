"""The answers and how they came, to look at. They change on the pages of their project only."""

from __future__ import annotations

from django.contrib import admin

from labeling.models import (
    Annotation,
    Answer,
    Draft,
    Event,
    Exposure,
    ModelAnnotation,
    Presence,
    Slot,
)
from projects.admin_base import Kept


@admin.register(Annotation)
class AnnotationAdmin(Kept):
    list_display = ("id", "document", "annotator", "state", "surplus", "finished_at", "project")
    list_filter = ("state", "surplus", "project")
    list_select_related = ("document", "annotator", "project")
    search_fields = ("document__external_id", "annotator__username")
    date_hierarchy = "finished_at"


@admin.register(Answer)
class AnswerAdmin(Kept):
    list_display = ("id", "annotation", "question", "label", "quote", "origin", "model_version")
    list_filter = ("origin", "question__project")
    list_select_related = ("annotation__annotator", "question", "label")
    search_fields = ("annotation__document__external_id", "label__name", "quote", "text")


@admin.register(Event)
class EventAdmin(Kept):
    list_display = ("id", "kind", "document", "actor", "annotator", "project", "created_at")
    list_filter = ("kind", "project")
    list_select_related = ("document", "actor", "annotator", "project")
    search_fields = ("document__external_id", "actor__username", "client_id")
    date_hierarchy = "created_at"


@admin.register(Exposure)
class ExposureAdmin(Kept):
    list_display = (
        "document",
        "question",
        "annotator",
        "arm",
        "model_version",
        "sent_at",
        "painted_at",
    )
    list_filter = ("arm", "question__project")
    list_select_related = ("document", "question", "annotator")
    search_fields = ("document__external_id", "annotator__username", "model_version")
    date_hierarchy = "created_at"


@admin.register(Draft)
class DraftAdmin(Kept):
    list_display = ("id", "document", "annotator", "sequence", "updated_at")
    list_select_related = ("document", "annotator")
    search_fields = ("document__external_id", "annotator__username")
    date_hierarchy = "updated_at"


@admin.register(Slot)
class SlotAdmin(Kept):
    list_display = ("id", "document", "state", "annotator", "leased_until", "in_reserve", "project")
    list_filter = ("state", "in_reserve", "project")
    list_select_related = ("document", "annotator", "project")
    search_fields = ("document__external_id", "annotator__username")


@admin.register(Presence)
class PresenceAdmin(Kept):
    list_display = ("user", "project", "seen_at")
    list_filter = ("project",)
    list_select_related = ("user", "project")
    search_fields = ("user__username",)


@admin.register(ModelAnnotation)
class ModelAnnotationAdmin(Kept):
    list_display = ("document", "question", "model_version", "batch", "project", "created_at")
    list_filter = ("question__project",)
    list_select_related = ("document", "question", "project")
    search_fields = ("document__external_id", "model_version")
    date_hierarchy = "created_at"
