"""The admin of people, projects and their set-up. What has a page of its own is only shown."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.contrib.auth.admin import UserAdmin
from django.core.exceptions import ValidationError
from django.db.models import Model
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html

from projects.admin_base import Kept, Rows, Tables
from projects.forms import LabelForm
from projects.models import (
    GuidelineVersion,
    Invite,
    Job,
    Label,
    Membership,
    Project,
    Question,
    Role,
    User,
    WorkerBeat,
)
from projects.resources import LabelResource, PeopleResource, as_on_the_page


@admin.register(User)
class PersonAdmin(Tables, UserAdmin):  # type: ignore[type-arg]
    """Accounts. Nobody is deleted, for answers keep their author: make the person inactive."""

    resource_classes = [PeopleResource]
    import_note = (
        "People are known by username. A new one gets an account without a password: an admin "
        "sets one, or the person asks for a link at “Forgot your password?”. Roles are written "
        "“project: role; project: role”; roles that are not named stay as they are."
    )
    export_note = "Passwords are never among them."
    show_full_result_count = False
    list_per_page = 50
    list_display = ("username", "shown_name", "email", "is_active", "is_superuser", "last_login")
    list_filter = ("is_active", "is_superuser", "memberships__role")
    date_hierarchy = "date_joined"
    filter_horizontal = ()
    readonly_fields = ("last_login", "date_joined")
    fieldsets = (
        (None, {"fields": ("username", "password")}),
        ("Person", {"fields": ("first_name", "last_name", "email", "time_zone")}),
        (
            "Account",
            {
                "fields": ("is_active", "is_superuser", "last_login", "date_joined"),
                "description": "What somebody may do in a project is a matter of that project's "
                "members. A superuser may open this admin.",
            },
        ),
    )

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False


class MembersFormSet(forms.BaseInlineFormSet):  # type: ignore[type-arg]
    def clean(self) -> None:
        super().clean()
        kept = [
            form.cleaned_data
            for form in self.forms
            if form.cleaned_data.get("user") and not form.cleaned_data.get("DELETE")
        ]
        if not any(row["role"] == Role.OWNER for row in kept):
            raise ValidationError("A project needs an owner.")


class MembershipInline(admin.TabularInline):  # type: ignore[type-arg]
    model = Membership
    formset = MembersFormSet
    autocomplete_fields = ("user",)
    extra = 0


@admin.register(Project)
class ProjectAdmin(Rows):
    """Who belongs to a project can be mended here; the rest is a matter of its own pages."""

    list_display = ("name", "slug", "overlap", "reserve", "created_at", "archived_at")
    list_filter = ("archived_at", "deleting_at", "queue_order")
    search_fields = ("name", "slug")
    date_hierarchy = "created_at"
    fields = (
        "name",
        "pages",
        "slug",
        "text_fields",
        "overlap",
        "reserve",
        "reserve_epoch",
        "queue_order",
        "created_by",
        "created_at",
        "archived_at",
        "deleting_at",
    )
    inlines = (MembershipInline,)

    # Slots and coins were made from these; the settings page knows when they may change.
    def get_readonly_fields(self, request: HttpRequest, obj: Project | None = None) -> list[str]:
        return [str(name) for name in self.fields if name != "name"]

    @admin.display(description="Its pages")
    def pages(self, project: Project) -> str:
        return format_html(
            '<a href="{}">Overview</a> · <a href="{}">Settings</a> (archive, delete) · '
            '<a href="{}">Labels</a> · <a href="{}">People</a>, for its members',
            *(reverse(name, args=[project.slug]) for name in ("project", "settings")),
            *(reverse(name, args=[project.slug]) for name in ("labels", "people")),
        )

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False  # made whole, with questions and labels, on its own page

    def has_delete_permission(self, request: HttpRequest, obj: Project | None = None) -> bool:
        return False


@admin.register(Membership)
class MembershipAdmin(Kept):
    list_display = ("user", "project", "role", "created_at")
    list_filter = ("role", "project")
    list_select_related = ("user", "project")
    search_fields = ("user__username", "user__first_name", "user__last_name", "project__name")
    date_hierarchy = "created_at"


@admin.register(Question)
class QuestionAdmin(Rows):
    list_display = ("name", "title", "project", "kind", "multiple", "required")
    list_filter = ("kind", "project")
    list_select_related = ("project",)
    search_fields = ("name", "title", "project__name")
    fields = (
        "project",
        "name",
        "title",
        "kind",
        "multiple",
        "required",
        "overlapping",
        "position",
        "created_at",
    )

    def get_readonly_fields(self, request: HttpRequest, obj: Question | None = None) -> list[str]:
        return [str(name) for name in self.fields if name not in {"title", "position"}]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False  # the project's own page does this, with its checks

    def has_delete_permission(self, request: HttpRequest, obj: Question | None = None) -> bool:
        return False


class LabelAdminForm(forms.ModelForm):  # type: ignore[type-arg]
    """The same questions as on the project's page, and its answers."""

    class Meta:
        model = Label
        fields = ("question", "name", "description", "hotkey", "color", "position")
        labels = LabelForm.Meta.labels

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or {}
        question = cleaned.get("question") or Question.objects.filter(labels=self.instance).first()
        if question and not self.errors:
            label = Label(pk=self.instance.pk, question=question)
            for name in ("name", "description", "hotkey", "color"):
                setattr(label, name, cleaned[name])
            for name, errors in as_on_the_page(label).items():
                self.add_error(name if name in cleaned else None, errors)
            cleaned["hotkey"] = label.hotkey
        return cleaned


@admin.register(Label)
class LabelAdmin(Tables, Rows):
    """Labels. They are deleted, and merged, on the project's page, which knows of their answers."""

    form = LabelAdminForm
    resource_classes = [LabelResource]
    import_note = (
        "The project by its short name, the question by its name. With an id the label is "
        "changed; without one, it is a new label."
    )
    list_display = ("name", "question", "project", "hotkey", "color", "position")
    list_filter = ("question__project",)
    list_select_related = ("question__project",)
    search_fields = ("name", "description", "question__name")
    autocomplete_fields = ("question",)

    @admin.display(ordering="question__project__name")
    def project(self, label: Label) -> Project:
        return label.question.project

    def get_readonly_fields(self, request: HttpRequest, obj: Label | None = None) -> list[str]:
        return ["question"] if obj else []

    def has_delete_permission(self, request: HttpRequest, obj: Label | None = None) -> bool:
        return False


@admin.register(GuidelineVersion)
class GuidelineVersionAdmin(Kept):
    list_display = ("project", "number", "created_by", "created_at")
    list_filter = ("project",)
    list_select_related = ("project", "created_by")
    search_fields = ("text",)
    date_hierarchy = "created_at"


@admin.register(Invite)
class InviteAdmin(Kept):
    """To see what is open. A link is made, seen and revoked by an owner, on the page of people."""

    list_display = ("project", "role", "note", "uses_left", "expires_at", "revoked_at")
    list_filter = ("role", "project")
    list_select_related = ("project",)
    search_fields = ("note", "project__name")
    date_hierarchy = "created_at"
    exclude = ("token_sha256",)


@admin.register(Job)
class JobAdmin(Kept):
    """What ran in the background. A job is stopped and run again on its own page."""

    list_display = ("id", "kind", "project", "state", "attempts", "created_at", "finished_at")
    list_filter = ("state", "kind", "project")
    list_select_related = ("project",)
    search_fields = ("kind", "message", "error")
    date_hierarchy = "created_at"


@admin.register(WorkerBeat)
class WorkerBeatAdmin(Kept):
    list_display = ("name", "started_at", "beat_at")
    search_fields = ("name",)
