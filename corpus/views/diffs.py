"""What differs between two dataset versions."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator
from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_POST

from corpus.models import DatasetVersion
from corpus.record import Record
from corpus.versions.canonical import document_of
from corpus.versions.diff import JOB, Change, Diff, compared, is_quick, request_compare
from corpus.versions.diff_shown import label_ids, shown
from corpus.versions.diff_summary import PARTS
from corpus.versions.freeze import DatasetDamaged
from corpus.views.datasets import get_version
from corpus.views.downloads import download
from projects.access import EXPORTERS, ProjectRequest, project_view
from projects.models import Project

PAGE_SIZE = 20
MOST_DIGITS = 9
NAMES = {
    "added": "Added",
    "removed": "Removed",
    "text": "Text changed",
    "answers": "Answers changed",
    "split": "Moved to another split",
    "meta": "Metadata changed",
}


@require_GET
@project_view(EXPORTERS)
def dataset_diff(request: ProjectRequest, project: Project, number: int) -> HttpResponse:
    """How a version differs from the one before, or from `since`."""
    new = get_version(project, number)
    old = older(request, new)
    if old is None:
        messages.info(request, f"Version {number} is the first, so there is none to compare with.")
        return redirect(new)
    context = {
        "project": project,
        "active": "datasets",
        "old": old,
        "new": new,
        "others": other_numbers(new),
    }
    if not is_quick(old, new):
        context["job"] = project.jobs.filter(kind=JOB, params=params_of(old, new)).first()
        return render(request, "corpus/diff.html", context)
    try:
        with compared(old, new) as diff:
            context |= content_of(request, project, diff)
    except DatasetDamaged as damaged:
        context["damage"] = str(damaged)
    return render(request, "corpus/diff.html", context)


@require_GET
@project_view(EXPORTERS)
def dataset_diff_file(request: ProjectRequest, project: Project, number: int) -> HttpResponseBase:
    """The same for programs: the figures, then each document that differs, whole."""
    new = get_version(project, number)
    old = older(request, new)
    if old is None:
        return redirect(new)
    page = f"{reverse('dataset_diff', args=[project.slug, number])}?since={old.number}"
    if not is_quick(old, new):
        messages.warning(request, "These versions are large. Compare them first.")
        return redirect(page)
    file = tempfile.TemporaryFile()  # noqa: SIM115 - the response closes it
    try:
        with compared(old, new) as diff:
            file.writelines(piece.encode() for piece in written(old, new, diff))
    except DatasetDamaged as damaged:
        file.close()
        messages.error(request, str(damaged))
        return redirect(page)
    file.seek(0)
    name = f"{project.slug}-dataset-{old.number}-to-{number}.json"
    return download(request, file, file_name=name, media_type="application/json")


@require_POST
@project_view(EXPORTERS)
def compare_datasets(request: ProjectRequest, project: Project, number: int) -> HttpResponse:
    """Have a worker compare two versions that are too large to do it while somebody waits."""
    new = get_version(project, number)
    old = older(request, new)
    if old is None:
        return redirect(new)
    if not is_quick(old, new):
        request_compare(old=old, new=new, author=request.user)
    page = reverse("dataset_diff", args=[project.slug, number])
    return redirect(f"{page}?since={old.number}")


def older(request: ProjectRequest, new: DatasetVersion) -> DatasetVersion | None:
    """The version to compare with: `since`, or the one before; None for the first of all."""
    since = request.GET.get("since") or request.POST.get("since")
    if not since:
        earlier = new.project.dataset_versions.filter(number__lt=new.number)
        return earlier.select_related("project", "author").first()
    if not since.isdecimal() or len(since) > MOST_DIGITS:
        raise Http404("There is no such version.")
    return get_version(new.project, int(since))


def other_numbers(version: DatasetVersion) -> list[int]:
    others = version.project.dataset_versions.exclude(pk=version.pk)
    return list(others.values_list("number", flat=True))


def params_of(old: DatasetVersion, new: DatasetVersion) -> dict[str, int]:
    return {"old": old.pk, "new": new.pk}


class Pages:
    """The documents that differ, as a paginator takes them: counted, and read by slices."""

    def __init__(self, diff: Diff, part: str) -> None:
        self.diff, self.part = diff, part

    def count(self) -> int:
        return self.diff.count(self.part)

    def __len__(self) -> int:
        return self.count()

    def __getitem__(self, place: slice) -> list[Change]:
        most = place.stop - place.start
        return list(self.diff.changes(self.part, first=place.start, most=most))


def content_of(request: ProjectRequest, project: Project, diff: Diff) -> dict[str, Any]:
    part = request.GET.get("part", "")
    part = part if part in PARTS else ""
    paginator: Paginator[Change] = Paginator(Pages(diff, part), PAGE_SIZE)  # type: ignore[arg-type]
    page = paginator.get_page(request.GET.get("page"))
    labels, fields = label_ids(project), diff.definitions[1].text_fields
    documents = diff.summary["documents"]
    return {
        "summary": diff.summary,
        "part": part,
        "parts": [(key, NAMES[key], documents[key]) for key in PARTS if documents[key]],
        "every": diff.count(),
        "page": page,
        "changes": [shown(change, labels, fields) for change in page.object_list],
    }


def written(old: DatasetVersion, new: DatasetVersion, diff: Diff) -> Iterator[str]:
    """A JSON object with a line for each document."""
    head = {"from": about(old), "to": about(new), **diff.summary}
    figures = json.dumps(head, ensure_ascii=False)
    yield f'{figures[:-1]}, "changes": ['
    for place, change in enumerate(diff.changes()):
        line = {
            "id": (change.new or change.old or Record(texts={})).external_id,
            "changed": change.parts,
            "before": change.old and document_of(change.old),
            "after": change.new and document_of(change.new),
        }
        yield (",\n" if place else "\n") + json.dumps(line, ensure_ascii=False)
    yield "\n]}\n"


def about(version: DatasetVersion) -> dict[str, Any]:
    return {"version": version.number, "sha256": version.sha256, "documents": version.documents}
