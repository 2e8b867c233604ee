"""Acts of an owner on the set-up that reach into answers."""

from __future__ import annotations

from typing import ClassVar

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from labeling import change_queue as changing
from labeling import merge_labels as merging
from projects import jobs
from projects.access import OWNERS, ProjectRequest, project_view
from projects.models import Label, Project


@require_http_methods(["GET", "POST"])
@project_view(OWNERS)
def merge_label(request: ProjectRequest, project: Project, label_id: int) -> HttpResponse:
    """Say what would happen to the label's answers, then merge it into another one."""
    labels = Label.objects.filter(question__project=project).select_related("question__project")
    source = get_object_or_404(labels, pk=label_id)
    others = source.question.labels.exclude(pk=source.pk)
    into = request.POST.get("into", "")
    target = next((label for label in others if str(label.pk) == into), None)
    consequences = merging.consequences_of(source)
    if request.method == "POST" and target is not None:
        if consequences.answers > merging.MOST_AT_ONCE:
            params = {"source": source.pk, "target": target.pk}
            job = jobs.enqueue(
                project=project, kind=merging.JOB, params=params, created_by=request.user
            )
            return redirect("job", project.slug, job.pk)
        try:
            merging.merge_labels(
                source=source, target=target, owner=request.user, tell=lambda documents: None
            )
        except merging.CannotMerge as problem:
            messages.error(request, str(problem))
        else:
            messages.success(request, f"“{source.name}” is now “{target.name}”.")
        return redirect(f"{reverse('labels', args=[project.slug])}#question-{source.question_id}")
    context = {
        "project": project,
        "active": "settings",
        "section": "labels",
        "source": source,
        "others": others,
        "consequences": consequences,
        "error": "Choose a label to merge into." if request.method == "POST" else "",
    }
    status = 422 if context["error"] else 200
    return render(request, "projects/merge_label.html", context, status=status)


class QueueForm(forms.ModelForm):  # type: ignore[type-arg]
    class Meta:
        model = Project
        fields = ("overlap", "queue_order")
        labels: ClassVar[dict[str, str]] = {
            "overlap": "Answers per document",
            "queue_order": "Order of documents",
        }


@require_http_methods(["GET", "POST"])
@project_view(OWNERS)
def queue_settings(request: ProjectRequest, project: Project) -> HttpResponse:
    """Answers per document and their order: say what changes, then change every document."""
    before = (project.overlap, project.queue_order)
    form = QueueForm(request.POST or None, instance=project)
    asked = request.method == "POST" and form.is_valid()
    if asked and project.jobs.unfinished().filter(kind__in=WAIT_FOR).exists():
        form.add_error(None, "An import or an earlier change is still running. Wait for its end.")
        asked = False
    if asked and before == (project.overlap, project.queue_order):
        messages.info(request, "Nothing changed.")
        return redirect("settings", project.slug)
    if asked and request.POST.get("confirmed"):
        return _change_queue(request, project, form)
    consequences = changing.consequences_of(project, project.overlap) if asked else None
    context = {
        "project": project,
        "active": "settings",
        "section": "project",
        "form": form,
        "consequences": consequences,
        "order_changes": asked and before[1] != project.queue_order,
    }
    return render(request, "projects/queue.html", context, status=422 if form.errors else 200)


WAIT_FOR = ("import_documents", changing.JOB)


def _change_queue(request: ProjectRequest, project: Project, form: QueueForm) -> HttpResponse:
    form.save()
    if project.documents.count() > changing.MOST_AT_ONCE:
        job = jobs.enqueue(project=project, kind=changing.JOB, params={}, created_by=request.user)
        return redirect("job", project.slug, job.pk)
    changing.change_queue(project=project, after=0, tell=lambda after: None)
    messages.success(request, "Saved, and every document follows.")
    return redirect("settings", project.slug)
