"""The models and what they said, to look at."""

from __future__ import annotations

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from inference.models import (
    LiveWeights,
    Measurement,
    ModelVersion,
    Suggestion,
    Vector,
    WordStates,
)
from projects.admin_base import Kept

BYTES = 4


@admin.register(ModelVersion)
class ModelVersionAdmin(Kept):
    list_display = ("name", "number", "question", "project", "kind", "stage", "updated_at")
    list_filter = ("kind", "stage", "project")
    list_select_related = ("question", "project")
    search_fields = ("name", "encoder")
    date_hierarchy = "created_at"


@admin.register(Suggestion)
class SuggestionAdmin(Kept):
    list_display = ("id", "document", "question", "model_version", "version", "created_at")
    list_filter = ("question__project",)
    list_select_related = ("document", "question", "model_version")
    search_fields = ("document__external_id", "version")
    date_hierarchy = "created_at"


@admin.register(Vector)
class VectorAdmin(Kept):
    list_display = ("text_hash", "encoder", "numbers")
    list_filter = ("encoder",)
    search_fields = ("=text_hash",)
    fields = ("text_hash", "encoder", "numbers")

    @admin.display
    def numbers(self, vector: Vector) -> int:
        return len(vector.values) // BYTES


@admin.register(WordStates)
class WordStatesAdmin(Kept):
    list_display = ("text_hash", "project", "encoder")
    list_filter = ("encoder", "project")
    list_select_related = ("project",)
    search_fields = ("=text_hash",)
    fields = ("project", "text_hash", "encoder")

    def get_queryset(self, request: HttpRequest) -> QuerySet[WordStates]:
        return super().get_queryset(request).defer("values")


@admin.register(LiveWeights)
class LiveWeightsAdmin(Kept):
    list_display = ("question", "version", "wanted", "fitted", "owner", "leased_until", "fitted_at")
    list_select_related = ("question",)
    fields = ("question", "model_version", "version", "wanted", "fitted", "fence", "owner", "stamp")

    def get_queryset(self, request: HttpRequest) -> QuerySet[LiveWeights]:
        return super().get_queryset(request).defer("values")


@admin.register(Measurement)
class MeasurementAdmin(Kept):
    list_display = ("question", "model_version", "version", "answers", "documents", "created_at")
    list_filter = ("question__project",)
    list_select_related = ("question", "model_version")
    date_hierarchy = "created_at"
