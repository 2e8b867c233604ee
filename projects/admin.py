"""Django's admin for superusers: accounts and set-up. Answers are nobody's to edit here."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.contrib.auth.admin import UserAdmin
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import redirect
from import_export.admin import ImportExportMixin
from import_export.resources import ModelResource

from projects.colors import is_hue
from projects.config import is_hotkey
from projects.models import Invite, Label, Membership, Project, Question, User

admin.site.site_header = admin.site.site_title = "Annotate"


def sign_in(request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponseBase:
    """The one sign-in page there is: it slows guessing down, Django's own here would not."""
    if admin.site.has_permission(request):
        return redirect("admin:index")
    if request.user.is_authenticated:
        raise PermissionDenied("Only staff may open the admin.")
    return redirect_to_login(request.GET.get("next", "/admin/"))


admin.site.login = sign_in  # type: ignore[assignment, method-assign]


@admin.register(User)
class PersonAdmin(UserAdmin):  # type: ignore[type-arg]
    fieldsets = (*(UserAdmin.fieldsets or ()), ("Annotate", {"fields": ("time_zone",)}))


class MembershipInline(admin.TabularInline):  # type: ignore[type-arg]
    model = Membership
    autocomplete_fields = ("user",)
    extra = 0


@admin.register(Project)
class ProjectAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    """Who owns a project can be mended here; deleting one would take every answer with it."""

    list_display = ("name", "slug", "overlap", "reserve", "created_at", "archived_at")
    search_fields = ("name", "slug")
    # Slots and coins were made from these; the settings page knows when they may change.
    readonly_fields = (
        "slug",
        "overlap",
        "reserve",
        "reserve_epoch",
        "queue_order",
        "text_fields",
        "created_by",
    )
    inlines = (MembershipInline,)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False  # create_project makes whole projects

    def has_delete_permission(self, request: HttpRequest, obj: Project | None = None) -> bool:
        return False


@admin.register(Question)
class QuestionAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    list_display = ("name", "project", "kind", "multiple", "required")
    list_filter = ("project",)
    list_select_related = ("project",)
    readonly_fields = ("project", "name", "kind", "multiple", "overlapping")

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False  # the project's own page does this, with its checks


@admin.register(Invite)
class InviteAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    """To see what is open, and to delete it. A link is only ever made, and seen, by an owner."""

    list_display = ("project", "role", "note", "uses_left", "expires_at", "revoked_at")
    list_select_related = ("project",)
    exclude = ("token_sha256",)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Invite | None = None) -> bool:
        return False


class LabelResource(ModelResource):
    """Labels as rows known by `id`; without one, a row is a new label of its `question` (an id)."""

    class Meta:
        model = Label
        fields = ("id", "question", "name", "description", "color", "hotkey", "position")
        export_order = fields
        clean_model_instances = True
        skip_unchanged = True
        use_transactions = True

    def validate_instance(self, instance: Label, *args: Any, **kwargs: Any) -> None:
        """Refuse what the project's own page would refuse."""
        errors = {}
        if instance.color and not is_hue(instance.color):
            errors["color"] = "A hue is a number from 0 to 359."
        if instance.hotkey and not is_hotkey(instance.hotkey):
            errors["hotkey"] = "A key is 1 to 9 or a letter other than s, z, f, h and u."
        elif instance.hotkey and _has_key(instance):
            errors["hotkey"] = "Another label of this question has this key."
        stored = Label.objects.filter(pk=instance.pk).first()
        if stored and stored.question_id != instance.question_id:
            errors["question"] = "A label cannot move to another question: its answers would not."
        if errors:
            raise ValidationError(errors)
        super().validate_instance(instance, *args, **kwargs)  # type: ignore[no-untyped-call]


def _has_key(label: Label) -> bool:
    others = Label.objects.filter(question=label.question_id).exclude(pk=label.pk)
    return others.filter(hotkey__iexact=label.hotkey).exists()


@admin.register(Label)
class LabelAdmin(ImportExportMixin, admin.ModelAdmin):  # type: ignore[type-arg, misc]
    resource_classes = [LabelResource]
    list_display = ("name", "question", "hotkey", "color", "position")
    list_filter = ("question__project",)
    list_select_related = ("question",)
    search_fields = ("name", "description")

    def get_readonly_fields(self, request: HttpRequest, obj: Label | None = None) -> list[str]:
        return ["question"] if obj else []
