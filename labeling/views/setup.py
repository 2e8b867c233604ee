"""Acts of an owner on the set-up that reach into answers."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods

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
