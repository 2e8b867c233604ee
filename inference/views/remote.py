"""Models somewhere else: configured, tried on a few documents, added as versions."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.text import Truncator
from django.views.decorators.http import require_GET, require_http_methods

from inference.models import ModelKind, ModelVersion
from inference.remote import job as trying
from inference.remote.add import SameAgain, add_remote, configuration_of
from inference.remote.form import RemoteForm, filled_from
from projects.access import OWNERS, ProjectRequest, project_view
from projects.models import Document, Job, Label, Project, Question

INVALID = 422
EXCERPT = 200
"""Characters of a document."""


@require_http_methods(["GET", "HEAD", "POST"])
@project_view(OWNERS)
def new_remote(request: ProjectRequest, project: Project) -> HttpResponse:
    """Try the model first, or add it."""
    posted = request.method == "POST"
    form = RemoteForm(
        project, request.POST if posted else None, initial=beginning(request, project)
    )
    if posted and form.is_valid():
        question, name = form.cleaned_data["question"], form.cleaned_data["name"]
        if request.POST.get("act") == "try":
            tried = trying.try_later(
                question=question, name=name, chosen=form.chosen, author=request.user
            )
            return redirect("remote_try", project.slug, tried.pk)
        try:
            version = add_remote(
                question=question,
                name=name,
                configuration=configuration_of(question, form.chosen),
                author=request.user,
            )
        except SameAgain as why:
            form.add_error(None, str(why))
        else:
            messages.success(
                request, f"Added {version}. It suggests nothing before it is promoted."
            )
            return redirect(version)
    status = INVALID if form.errors else HttpResponse.status_code
    context = {"active": "models", "project": project, "form": form}
    return render(request, "inference/remote.html", context, status=status)


@require_GET
@project_view(OWNERS)
def remote_try(request: ProjectRequest, project: Project, try_id: int) -> HttpResponse:
    """What a model said of a few documents, with a button that adds it as it was tried."""
    job = get_object_or_404(project.jobs.filter(kind=trying.KIND), pk=try_id)
    question = get_object_or_404(project.questions, pk=job.params["question"])
    form = RemoteForm(project, filled_from(question, job.params["name"], job.params["chosen"]))
    context = {
        "active": "models",
        "project": project,
        "job": job,
        "question": question,
        "form": form,
        "chosen": job.params["chosen"],
        "answers": answers_of(job, question),
    }
    return render(request, "inference/remote_try.html", context)


def beginning(request: ProjectRequest, project: Project) -> dict[str, Any]:
    """What the form begins with: a try, a version, or a question, as the address names it."""
    asked = request.GET
    if asked.get("try", "").isdecimal():
        job = get_object_or_404(project.jobs.filter(kind=trying.KIND), pk=asked["try"])
        question = get_object_or_404(project.questions, pk=job.params["question"])
        return filled_from(question, job.params["name"], job.params["chosen"])
    if asked.get("version", "").isdecimal():
        version = get_object_or_404(
            ModelVersion.objects.in_project(project).select_related("question"),
            kind=ModelKind.REMOTE,
            question__name=asked.get("question", ""),
            number=asked["version"],
        )
        return filled_from(version.question, version.name, version.parameters)
    return {"question": asked["question"]} if "question" in asked else {}


def answers_of(job: Job, question: Question) -> list[dict[str, Any]]:
    """Each document that was tried and is still there, with what was said of it in words."""
    found = {answer["document"]: answer for answer in job.result.get("answers", ())}
    documents = Document.objects.published().filter(project=job.project_id, pk__in=found)
    names = dict(Label.objects.filter(question=question).values_list("pk", "name"))
    return [
        {
            "document": document,
            "text": Truncator(" ".join(document.texts.values())).chars(EXCERPT),
            "said": [in_words(item, document, names) for item in shown(found[document.pk], names)],
            "failure": found[document.pk]["failure"],
        }
        for document in documents.order_by("position", "pk")
    ]


def shown(answer: dict[str, Any], names: dict[int, str]) -> list[dict[str, Any]]:
    return [item for item in answer["items"] if item["offered"] and item["label"] in names]


def in_words(item: dict[str, Any], document: Document, names: dict[int, str]) -> dict[str, Any]:
    text = document.texts.get(item.get("field", ""), "")
    return {
        "label": names[item["label"]],
        "percent": round(100 * item["score"]),
        "quote": text[item["start"] : item["end"]] if "start" in item else "",
    }
