"""Documents and the files that go in and out, to look at; and documents as tables."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.core.exceptions import ValidationError
from django.db.models import Model, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.html import format_html, format_html_join
from import_export.results import Result

from corpus.document_tables import DocumentResource, cells_for, hand_over
from corpus.models import (
    DatasetTag,
    DatasetTagMove,
    DatasetVersion,
    Export,
    Import,
    ImportedPrediction,
    ImportProblem,
    Redaction,
    StagedAnswers,
)
from projects.admin_base import Kept, Tables
from projects.models import Document
from projects.sheets import Sheet

BEGINNING = 80


class Started(Result):  # type: ignore[misc]
    """What became of a confirmed table: an import for each project."""

    def __init__(self) -> None:
        super().__init__()
        self.imports: list[Import] = []


@admin.register(Document)
class DocumentAdmin(Tables, Kept):
    """Texts as they came. They are deleted, restored and erased on the pages of their project."""

    resource_classes = [DocumentResource]
    import_columns = ("project", "id", "<text field>", "<question>", "split", "meta.<key>")
    export_columns = ("project", "id", "<text field>", "split", "meta.<key>")
    import_note = (
        "The project by its short name; every other column means what it means on the "
        "project's own import page, which also takes files of more than 5,000 rows."
    )
    export_note = (
        "Texts and metadata have a column each, as an import reads them. Answers are exported on "
        "the page of the project."
    )
    list_display = ("id", "external_id", "beginning", "project", "state", "in_reserve")
    list_display_links = ("id", "external_id")
    list_filter = ("state", "in_reserve", "project")
    list_select_related = ("project",)
    search_fields = ("external_id", "=text_hash")
    date_hierarchy = "created_at"

    @admin.display(description="text")
    def beginning(self, document: Document) -> str:
        text = next(iter(document.texts.values()), "") if document.texts else ""
        return format_html(
            '<bdi dir="auto">{}{}</bdi>', text[:BEGINNING], "…" if len(text) > BEGINNING else ""
        )

    def get_export_queryset(self, request: HttpRequest) -> QuerySet[Document]:
        """What the list shows, without what is deleted, erased or not here yet."""
        shown: QuerySet[Document] = super().get_export_queryset(request)
        published = Document.objects.published()
        return shown.filter(pk__in=published.order_by().values("pk"))

    def get_data_for_export(
        self, request: HttpRequest, queryset: QuerySet[Document], **kwargs: Any
    ) -> Any:
        return DocumentResource().export(queryset=queryset, cells=kwargs.get("cells", True))

    def get_export_data(
        self, file_format: Sheet, request: HttpRequest, queryset: Any, **kwargs: Any
    ) -> bytes:
        data = self.get_data_for_export(request, queryset, cells=cells_for(file_format))
        written: bytes = file_format.export_data(data)
        return written

    def process_dataset(
        self, dataset: Any, form: Any, request: HttpRequest, **kwargs: Any
    ) -> Result:
        """Hand the rows of the confirmed preview to the importer."""
        result = Started()
        try:
            result.imports = hand_over(
                dataset=dataset,
                file_name=form.cleaned_data["original_file_name"],
                user=request.user,  # type: ignore[arg-type]
            )
        except ValidationError as gone:
            self.message_user(request, " ".join(gone.messages), "ERROR")
        return result

    def process_result(self, result: Result, request: HttpRequest) -> HttpResponse:
        started = result.imports if isinstance(result, Started) else []
        links = format_html_join(
            ", ",
            '<a href="{}">{}</a>',
            ((reverse("admin:corpus_import_change", args=[s.pk]), s.project.name) for s in started),
        )
        if started:
            self.message_user(request, format_html("Importing. The reports: {}.", links))
        return HttpResponseRedirect(reverse("admin:corpus_import_changelist"))


@admin.register(Import)
class ImportAdmin(Kept):
    list_display = (
        "id",
        "file_name",
        "project",
        "state",
        "rows_read",
        "rows_bad",
        "documents",
        "uploaded_by",
        "created_at",
    )
    list_display_links = ("id", "file_name")
    list_filter = ("state", "format", "project")
    list_select_related = ("project", "uploaded_by")
    search_fields = ("file_name", "sha256")
    date_hierarchy = "created_at"
    # The file is served to members only, by its own page.
    exclude = ("file",)
    readonly_fields = ("report",)

    @admin.display
    def report(self, source: Import) -> str:
        address = reverse("admin:corpus_importproblem_changelist")
        return format_html(
            '<a href="{}?source__id__exact={}">What was wrong with its rows</a> · '
            '<a href="{}">Its page</a>, for owners of the project',
            address,
            source.pk,
            source.get_absolute_url(),
        )


@admin.register(ImportProblem)
class ImportProblemAdmin(Kept):
    list_display = ("source", "row", "field", "message", "remedy", "kept")
    list_display_links = ("row", "message")
    list_filter = ("kept", "source__project")
    list_select_related = ("source",)
    search_fields = ("message", "field", "source__file_name")

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest) -> bool:
        return lookup == "source__id__exact" or super().lookup_allowed(lookup, value, request)


@admin.register(Export)
class ExportAdmin(Kept):
    list_display = ("file_name", "project", "format", "documents", "created_by", "created_at")
    list_filter = ("format", "project")
    list_select_related = ("project", "dataset", "created_by")
    search_fields = ("project__name", "sha256")
    date_hierarchy = "created_at"
    exclude = ("file",)


@admin.register(DatasetVersion)
class DatasetVersionAdmin(Kept):
    list_display = ("project", "number", "comment", "documents", "sha256", "author", "created_at")
    list_display_links = ("number",)
    list_filter = ("project",)
    list_select_related = ("project", "author")
    search_fields = ("comment", "sha256", "project__name")
    date_hierarchy = "created_at"
    exclude = ("file", "parquet")


@admin.register(DatasetTag)
class DatasetTagAdmin(Kept):
    list_display = ("name", "project", "version")
    list_filter = ("project",)
    list_select_related = ("project", "version")
    search_fields = ("name",)


@admin.register(DatasetTagMove)
class DatasetTagMoveAdmin(Kept):
    list_display = ("name", "project", "version", "author", "created_at")
    list_filter = ("project",)
    list_select_related = ("project", "version", "author")
    search_fields = ("name",)
    date_hierarchy = "created_at"


@admin.register(Redaction)
class RedactionAdmin(Kept):
    list_display = ("dataset_version", "project", "reason", "successor", "erased_at")
    list_select_related = ("dataset_version__project", "successor")
    search_fields = ("reason",)
    date_hierarchy = "erased_at"

    @admin.display
    def project(self, redaction: Redaction) -> Model:
        return redaction.dataset_version.project


@admin.register(StagedAnswers)
class StagedAnswersAdmin(Kept):
    list_display = ("document", "answers")
    list_select_related = ("document",)
    search_fields = ("document__external_id",)


@admin.register(ImportedPrediction)
class ImportedPredictionAdmin(Kept):
    list_display = ("document", "question", "label", "score", "model_name", "created_at")
    list_filter = ("question__project", "model_name")
    list_select_related = ("document", "question", "label")
    search_fields = ("document__external_id", "model_name")
    date_hierarchy = "created_at"
