"""What the room's jobs do."""

from __future__ import annotations

from typing import Any

from corpus.exports import exporting
from corpus.exports.options import CannotExport
from corpus.imports import receiving
from corpus.imports.importing import call_off, run_import
from corpus.models import DatasetVersion, Export, Import
from corpus.versions import diff, freeze
from corpus.versions.draft import NoRoom
from corpus.versions.recipe import recipe_of
from labeling.matching import BadFilter
from projects.jobs import JobError, JobRun, handler


@handler(receiving.JOB)
def import_documents(run: JobRun) -> dict[str, Any]:
    return run_import(import_of(run), run)


@handler(receiving.DISCARD)
def discard_import(run: JobRun) -> None:
    source = import_of(run)
    if source.is_stranded:
        call_off(source, run)


@handler(exporting.JOB)
def export_documents(run: JobRun) -> dict[str, Any]:
    export = (
        Export.objects.filter(pk=run.job.params["export"])
        .select_related("project", "dataset")
        .first()
    )
    if export is None:
        raise JobError("The export is gone.")
    try:
        return exporting.run_export(export, run)
    except (CannotExport, freeze.DatasetDamaged) as problem:
        raise JobError(str(problem)) from problem


@handler(freeze.JOB)
def freeze_dataset(run: JobRun) -> dict[str, Any]:
    """`version` is the one made, `unchanged` the one that holds the same already."""
    project, author = run.job.project, run.job.created_by
    if project is None:
        raise JobError("The project is gone.")
    recipe = recipe_of(run.job.params.get("recipe", {}))
    try:
        version = freeze.freeze(
            project=project, comment=run.job.params["comment"], author=author, recipe=recipe
        )
    except freeze.Unchanged as unchanged:
        return {"unchanged": unchanged.version.number}
    except (freeze.NothingToFreeze, NoRoom, BadFilter) as problem:
        raise JobError(str(problem)) from problem
    return {"version": version.number}


@handler(diff.JOB)
def compare_datasets(run: JobRun) -> None:
    versions = DatasetVersion.objects.in_bulk([run.job.params["old"], run.job.params["new"]])

    def tell(done: int, total: int) -> None:
        run.raise_if_cancelled()
        run.progress(done, total)

    try:
        diff.write_index(versions[run.job.params["old"]], versions[run.job.params["new"]], tell)
    except freeze.DatasetDamaged as problem:
        raise JobError(str(problem)) from problem


def import_of(run: JobRun) -> Import:
    found = Import.objects.filter(pk=run.job.params["import"]).select_related(
        "project", "uploaded_by", "job"
    )
    source = found.first()
    if source is None:
        raise JobError("The import is gone.")
    return source
