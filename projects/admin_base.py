"""What every page of the admin has in common, in all rooms."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.db.models import Model
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.defaultfilters import filesizeformat
from import_export.admin import ImportExportMixin
from import_export.forms import ExportForm, ImportForm
from import_export.results import Result, RowResult

from projects.sheets import Csv, Json, SafeCsv
from projects.uploads import WaitingUpload
from projects.xlsx import Xlsx

FORMATS = [Csv, Xlsx, Json, SafeCsv]
MOST_UPLOAD = 20 * 1024 * 1024


class Rows(admin.ModelAdmin):  # type: ignore[type-arg]
    """A table that may be long: it is never counted for its own sake."""

    show_full_result_count = False
    list_per_page = 50
    list_max_show_all = 200


class Kept(Rows):
    """Rows that pages of the product made, and that nobody edits behind its back."""

    actions = None

    def get_fields(self, request: HttpRequest, obj: Model | None = None) -> Any:
        """All there is, also what no form would offer: times, above all."""
        if self.fields:
            return self.fields
        left_out = self.exclude or ()
        every = [field.name for field in self.opts.fields if field.name not in left_out]
        return [*every, *self.readonly_fields]

    def get_readonly_fields(self, request: HttpRequest, obj: Model | None = None) -> list[Any]:
        return list(self.get_fields(request, obj))

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False


class TableForm(ImportForm):  # type: ignore[misc]
    def clean_import_file(self) -> Any:
        file = self.cleaned_data["import_file"]
        if file.size > MOST_UPLOAD:
            raise ValidationError(
                f"The file has {filesizeformat(file.size)}; {filesizeformat(MOST_UPLOAD)} is the "
                "most here. Split it."
            )
        return file


class Tables(ImportExportMixin):  # type: ignore[misc]
    """Import with a preview, and export, as CSV, JSON and XLSX."""

    import_form_class = TableForm
    export_form_class: type[ExportForm] = ExportForm
    tmp_storage_class: type[WaitingUpload] = WaitingUpload
    import_note = export_note = ""
    import_columns: tuple[str, ...] = ()
    export_columns: tuple[str, ...] = ()
    """What a page says of the columns, where the resource's own do not."""

    def get_import_formats(self) -> list[Any]:
        return [each for each in FORMATS if each().can_import()]

    def get_export_formats(self) -> list[Any]:
        return FORMATS

    def has_import_permission(self, request: HttpRequest) -> bool:
        return request.user.is_superuser

    def has_export_permission(self, request: HttpRequest) -> bool:
        return request.user.is_superuser

    def get_import_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return {"import_note": self.import_note, "columns": self.import_columns or self.columns()}

    def get_export_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return {"export_note": self.export_note, "columns": self.export_columns or self.columns()}

    def columns(self) -> list[str]:
        [resource] = self.resource_classes
        return [field.column_name for field in resource().get_user_visible_fields()]

    def add_data_read_fail_error_to_form(self, form: forms.Form, e: Exception) -> None:
        form.add_error("import_file", str(e))

    def process_result(self, result: Result, request: HttpRequest) -> HttpResponse:
        """Say so if something changed since the preview: then nothing was imported."""
        if not (result.has_errors() or result.has_validation_errors()):
            done: HttpResponse = super().process_result(result, request)
            return done
        message = "Nothing was imported: the rows no longer fit. Preview the file again."
        self.message_user(request, message, "ERROR")
        return HttpResponseRedirect(request.path.replace("process_import", "import"))

    def add_success_message(self, result: Any, request: HttpRequest) -> None:
        totals = result.totals
        self.message_user(
            request,
            f"Imported: {totals[RowResult.IMPORT_TYPE_NEW]:,} new, "
            f"{totals[RowResult.IMPORT_TYPE_UPDATE]:,} changed, "
            f"{totals[RowResult.IMPORT_TYPE_SKIP]:,} as they were.",
        )
