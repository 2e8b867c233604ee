from __future__ import annotations

from typing import Any, ClassVar

from django import forms
from django.contrib import messages
from django.db import transaction
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from labeling import change_queue as changing
from labeling import queue_consequences
from labeling.change_reserve import begin_epoch
from labeling.rerank import ranked_now
from projects import jobs
from projects.access import OWNERS, ProjectRequest, project_view
from projects.models import RANKED, JobState, Project

WAIT_FOR = ("import_documents", changing.JOB)
SERVING = ("overlap", "queue_order", "reserve_percent")
"""What changes documents, so that the consequences are shown first."""


class QueueForm(forms.ModelForm):  # type: ignore[type-arg]
    reserve_percent = forms.IntegerField(
        min_value=0,
        max_value=100,
        label="Reserve",
        help_text="Per cent of documents served at random, half of them without suggestions. "
        "They are what the model is measured on.",
    )
    suggest_from_percent = forms.IntegerField(
        min_value=0,
        max_value=100,
        required=False,
        label="Show suggestions from",
        help_text="Per cent. Suggestions that are less sure are not shown. "
        "Empty: the model decides.",
    )

    class Meta:
        model = Project
        fields = ("overlap", "queue_order")
        labels: ClassVar[dict[str, str]] = {
            "overlap": "Answers per document",
            "queue_order": "Order outside the reserve",
        }
        help_texts: ClassVar[dict[str, str]] = {
            "queue_order": "What each order does stands below.",
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["reserve_percent"].initial = round(100 * self.instance.reserve)
        threshold = self.instance.suggest_from
        percent = None if threshold is None else round(100 * threshold)
        self.fields["suggest_from_percent"].initial = percent

    @property
    def changes_serving(self) -> bool:
        return not set(SERVING).isdisjoint(self.changed_data)

    @property
    def share(self) -> float:
        percent: int = self.cleaned_data["reserve_percent"]
        return percent / 100

    def save(self, commit: bool = True) -> Project:  # noqa: FBT001, FBT002 - Django's signature
        """A new share begins a new epoch; one that was not touched stays to the last digit."""
        if "suggest_from_percent" in self.changed_data:
            percent = self.cleaned_data["suggest_from_percent"]
            self.instance.suggest_from = None if percent is None else percent / 100
        project: Project = super().save(commit)
        if "reserve_percent" in self.changed_data:
            begin_epoch(project=project, share=self.share)
        return project


@require_http_methods(["GET", "POST"])
@project_view(OWNERS)
def queue_settings(request: ProjectRequest, project: Project) -> HttpResponse:
    """Answers per document, reserve and order: say what changes, then change every document."""
    today = Project.objects.get(pk=project.pk)
    form = QueueForm(request.POST or None, instance=project)
    asked = request.method == "POST" and form.is_valid()
    if asked and project.jobs.unfinished().filter(kind__in=WAIT_FOR).exists():
        form.add_error(None, "An import or an earlier change is still running. Wait for its end.")
        asked = False
    if asked and not form.changed_data:
        messages.info(request, "Nothing changed.")
        return redirect("queue_settings", project.slug)
    if asked and _is_harmless(request, project, form):
        return _change(request, project, form)
    context = {
        "project": project,
        "active": "settings",
        "section": "queue",
        "form": form,
        "today": today,
        "ranked": ranked_now(today) if today.queue_order in RANKED else None,
        "asked_for": _asked_for(form) if asked else "",
        **(_consequences(today, form) if asked else {}),
    }
    status = 422 if form.errors else 200
    return render(request, "labeling/queue_settings.html", context, status=status)


def _is_harmless(request: ProjectRequest, project: Project, form: QueueForm) -> bool:
    """Whether the person was shown what changes, or no document does."""
    shown = request.POST.get("confirmed") == _asked_for(form)
    return shown or not form.changes_serving or not project.documents.exists()


def _asked_for(form: QueueForm) -> str:
    """What the consequences were shown for: other numbers than these are shown theirs first."""
    return " ".join(str(form.cleaned_data[name]) for name in SERVING)


def _consequences(today: Project, form: QueueForm) -> dict[str, Any]:
    changes = form.changed_data
    wanted = form.cleaned_data["overlap"]
    shown: dict[str, Any] = {"order_changes": "queue_order" in changes}
    if "overlap" in changes:
        shown["overlap"] = queue_consequences.of_overlap(project=today, wanted=wanted)
        shown["wanted"] = wanted
        shown["places"] = abs(wanted - today.overlap)
    if "reserve_percent" in changes:
        shown["reserve"] = queue_consequences.of_reserve(project=today, share=form.share)
        shown["share"] = form.cleaned_data["reserve_percent"]
    return shown


def _change(request: ProjectRequest, project: Project, form: QueueForm) -> HttpResponse:
    """A job brings the documents in line: here and now while they are few."""
    documents = project.documents.count() if form.changes_serving else 0
    with transaction.atomic():
        form.save()
        if not documents:
            messages.success(request, "Saved.")
            return redirect("queue_settings", project.slug)
        job = jobs.add(project=project, kind=changing.JOB, params={}, created_by=request.user)
        if documents > changing.MOST_AT_ONCE:
            jobs.dispatch(job)
    if documents <= changing.MOST_AT_ONCE:
        jobs.run_here(job, lambda done, total, message: None)
    if job.state != JobState.DONE:
        return redirect("job", project.slug, job.pk)
    messages.success(request, "Saved, and every document follows.")
    return redirect("queue_settings", project.slug)
