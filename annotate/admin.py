"""What Django and its packages keep, as far as somebody would look for it."""

from __future__ import annotations

from django.contrib import admin
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Group

from projects.admin_base import Kept

# Rights come from memberships; a group would look as if it gave some.
admin.site.unregister(Group)


@admin.register(LogEntry)
class LogEntryAdmin(Kept):
    """What was changed in this admin, and by whom."""

    list_display = ("action_time", "user", "content_type", "object_repr", "action_flag")
    list_filter = ("action_flag",)
    list_select_related = ("user", "content_type")
    search_fields = ("object_repr", "user__username")
    date_hierarchy = "action_time"
