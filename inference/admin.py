"""The models and what they said, to look at."""

from __future__ import annotations

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from inference.models import (
    AutoLabelDocument,
    AutoLabelRun,
    Comparison,
    LiveWeights,
    Measurement,
    ModelVersion,
    Promotion,
    RemoteFailure,
    RemoteUse,
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


@admin.register(Promotion)
class PromotionAdmin(Kept):
    list_display = ("question", "model_version", "replaced", "author", "reason", "created_at")
    list_filter = ("question__project",)
    list_select_related = ("question", "model_version", "replaced", "author")
    date_hierarchy = "created_at"


@admin.register(Comparison)
class ComparisonAdmin(Kept):
    list_display = ("question", "first", "second", "documents", "created_at")
    list_filter = ("question__project",)
    list_select_related = ("question", "first", "second")


@admin.register(AutoLabelRun)
class AutoLabelRunAdmin(Kept):
    list_display = ("id", "question", "model_version", "target", "state", "author", "created_at")
    list_filter = ("state", "project")
    list_select_related = ("question", "model_version", "author")
    date_hierarchy = "created_at"

    def get_queryset(self, request: HttpRequest) -> QuerySet[AutoLabelRun]:
        return super().get_queryset(request).defer("weights")


@admin.register(AutoLabelDocument)
class AutoLabelDocumentAdmin(Kept):
    list_display = ("run", "document", "role", "score", "p_value", "selected")
    list_filter = ("role", "selected")
    list_select_related = ("run", "document")


@admin.register(RemoteUse)
class RemoteUseAdmin(Kept):
    list_display = ("model_version", "calls", "failures", "tokens_in", "tokens_out", "cost")
    list_select_related = ("model_version",)


@admin.register(RemoteFailure)
class RemoteFailureAdmin(Kept):
    list_display = ("model_version", "document", "times", "failed_at")
    list_select_related = ("model_version", "document")
