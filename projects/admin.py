"""Django's admin for superusers: accounts and set-up. Answers are nobody's to edit here."""

from __future__ import annotations

from django.contrib import admin
from django.contrib.auth.admin import UserAdmin

from projects.models import Label, Membership, Project, Question, User

admin.site.site_header = admin.site.site_title = "Annotate"


@admin.register(User)
class PersonAdmin(UserAdmin):  # type: ignore[type-arg]
    fieldsets = (*(UserAdmin.fieldsets or ()), ("Annotate", {"fields": ("time_zone",)}))


class MembershipInline(admin.TabularInline):  # type: ignore[type-arg]
    model = Membership
    autocomplete_fields = ("user",)
    extra = 0


@admin.register(Project)
class ProjectAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    list_display = ("name", "slug", "overlap", "reserve", "created_at", "archived_at")
    search_fields = ("name", "slug")
    # Slots and coins were made from these; the settings page knows when they may change.
    readonly_fields = ("overlap", "reserve", "reserve_epoch", "queue_order", "text_fields")
    inlines = (MembershipInline,)


class LabelInline(admin.TabularInline):  # type: ignore[type-arg]
    model = Label
    extra = 0


@admin.register(Question)
class QuestionAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    list_display = ("name", "project", "kind", "multiple", "required")
    list_filter = ("project",)
    list_select_related = ("project",)
    inlines = (LabelInline,)
