"""Names of dataset versions."""

from __future__ import annotations

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_GET, require_POST

from corpus.models import DatasetVersion
from corpus.versions import tags
from corpus.versions.forms import TagForm
from corpus.views.datasets import get_version, page_of
from projects.access import EXPORTERS, OWNERS, ProjectRequest, project_view
from projects.models import Project

FILES = {
    "jsonl": "dataset_file",
    "parquet": "dataset_parquet",
    "folder": "dataset_folder",
    "card": "dataset_card",
}


@require_GET
@project_view(EXPORTERS)
def tagged_dataset(request: ProjectRequest, project: Project, tag: str) -> HttpResponse:
    """The page of the version that a tag points at; `?file=` one of its files."""
    try:
        version = tags.find(project, tag)
    except DatasetVersion.DoesNotExist:
        raise Http404(f"There is no dataset version tagged {tag!r}.") from None
    route = FILES.get(request.GET.get("file", ""), "dataset")
    return redirect(route, project.slug, version.number)


@require_POST
@project_view(OWNERS)
def tag_dataset(request: ProjectRequest, project: Project, number: int) -> HttpResponse:
    """Point a tag at this version, also one that pointed at another."""
    version = get_version(project, number)
    form = TagForm(request.POST)
    if not form.is_valid():
        return page_of(request, version, tag_form=form)
    done = tags.tag(version=version, name=form.cleaned_data["name"], author=request.user)
    if done.before and done.before != version:
        messages.success(request, f"{done.tag} pointed at version {done.before.number} until now.")
    return redirect(version)


@require_POST
@project_view(OWNERS)
def untag_dataset(request: ProjectRequest, project: Project, number: int) -> HttpResponse:
    version = get_version(project, number)
    name = request.POST.get("name", "")
    if not tags.untag(version=version, name=name, author=request.user):
        messages.warning(request, "That tag is not on this version any more.")
    return redirect(version)
