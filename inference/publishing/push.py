"""The job that pushes a version to an MLflow registry: a run, its files, a registered version.

Whatever exists there already is found by the version's address and taken up again, so that a
push which was interrupted, or is asked for twice, leaves one run and one registered version.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from django.conf import settings

from inference import artifacts
from inference.models import Measurement, ModelVersion
from inference.publishing.aliases import keep_aliases
from inference.publishing.tracking import CannotPush, tracking, why_not
from projects.jobs import JobError, JobRun, add, enqueue, handler
from projects.models import Job, User

KIND = "push_model"
ADDRESS = "annotate.version"
PLACE = "model"
MOST_OF_A_VALUE = 500
MOST_OF_A_DIGEST = 36
"""As long as MLflow allows; the whole sha256 is in the source beside it."""
MISSING, THERE_ALREADY = "RESOURCE_DOES_NOT_EXIST", "RESOURCE_ALREADY_EXISTS"


def push_later(version: ModelVersion, author: User | None) -> Job:
    """Have a worker push; the job that is under way where there is one. Raises CannotPush."""
    check(version)
    waiting = version.project.jobs.filter(kind=KIND, params__version=version.pk).unfinished()
    if (job := waiting.first()) is not None:
        return job
    params = {"version": version.pk}
    return enqueue(project=version.project, kind=KIND, params=params, created_by=author)


def job_of(version: ModelVersion) -> Job:
    """A job for `run_here`. Raises CannotPush."""
    check(version)
    return add(project=version.project, kind=KIND, params={"version": version.pk})


def check(version: ModelVersion) -> None:
    """Raises CannotPush for a version without files, and where no server is set."""
    if not version.folder:
        raise CannotPush(f"{version} has no files to push: only fixed versions with a folder have.")
    if reason := why_not():
        raise CannotPush(reason)


@handler(KIND)
def push_model(run: JobRun) -> dict[str, Any]:
    version = (
        ModelVersion.objects.filter(pk=run.job.params["version"], project=run.job.project)
        .select_related("project", "question", "dataset_version")
        .first()
    )
    if version is None:
        raise JobError("This version is gone.")
    try:
        registered = push(run, version)
    except (CannotPush, artifacts.ArtifactDamaged) as why:
        raise JobError(str(why)) from why
    return {"Registered as": f"{registered['name']} {registered['version']}"} | registered


def push(run: JobRun, version: ModelVersion) -> dict[str, str]:
    """Where it is registered. Raises CannotPush and ArtifactDamaged."""
    folder = artifacts.local(version)
    with tracking() as client:
        run_id, place = _run_of(client, version)
        _describe(client, run_id, version)
        _upload(run, client, run_id, (folder, version))
        registered = _register(client, run_id, place, version)
        client.set_terminated(run_id, "FINISHED")
    row = ModelVersion.objects.get(pk=version.pk)
    row.registered = {**row.registered, "mlflow": registered}
    row.save(update_fields=["registered", "updated_at"])
    keep_aliases(version.question)
    return registered


def _run_of(client: Any, version: ModelVersion) -> tuple[str, str]:
    """The id and the place for files of the version's run, made unless it is there."""
    experiment = _experiment(client, f"annotate/{version.project.slug}")
    address = settings.PUBLIC_URL + version.get_absolute_url()
    for found in client.search_runs([experiment], f"tags.`{ADDRESS}` = '{address}'"):
        return found.info.run_id, found.info.artifact_uri
    made = client.create_run(experiment, run_name=str(version), tags={ADDRESS: address})
    return made.info.run_id, made.info.artifact_uri


def _experiment(client: Any, name: str) -> str:
    from mlflow.exceptions import MlflowException

    try:
        return str(client.create_experiment(name))
    except MlflowException as error:
        if error.error_code != THERE_ALREADY:
            raise
    found = client.get_experiment_by_name(name)
    if found.lifecycle_stage == "deleted":
        raise CannotPush(f"The experiment “{name}” was deleted in MLflow. Restore it there.")
    return str(found.experiment_id)


def _describe(client: Any, run_id: str, version: ModelVersion) -> None:
    """Parameters, metrics and the dataset. What a run has been told stays."""
    from mlflow.entities import Dataset, DatasetInput, InputTag, Metric, Param, RunTag

    known = client.get_run(run_id)
    params = {name: _short(value) for name, value in version.parameters.items()}
    moment = int(version.created_at.timestamp() * 1000)
    client.log_batch(
        run_id,
        metrics=[Metric(name, value, moment, 0) for name, value in metrics_of(version)],
        params=[Param(key, value) for key, value in params.items() if key not in known.data.params],
        tags=[RunTag(f"environment.{key}", str(of)) for key, of in version.environment.items()],
    )
    dataset = version.dataset_version
    if dataset is None or known.inputs.dataset_inputs:
        return
    source = {
        "url": settings.PUBLIC_URL + dataset.get_absolute_url(),
        "version": dataset.number,
        "sha256": dataset.sha256,
    }
    logged = Dataset(
        name=f"{version.project.slug} {dataset}",
        digest=dataset.sha256[:MOST_OF_A_DIGEST],
        source_type="annotate",
        source=json.dumps(source),
        profile=json.dumps({"documents": dataset.documents, **dataset.counts.get("splits", {})}),
    )
    client.log_inputs(run_id, [DatasetInput(logged, [InputTag("mlflow.data.context", "training")])])


def metrics_of(version: ModelVersion) -> Iterator[tuple[str, float]]:
    """What it was worth when it was last measured: on blind documents, and under another name on
    answers that were made while suggestions were shown. Each with its interval and n.
    """
    for contaminated, prefix in ((False, "blind"), (True, "contaminated")):
        rows = Measurement.objects.filter(model_version=version, contaminated=contaminated)
        newest = rows.order_by("-created_at", "-pk").first()
        for name, figure in (newest.figures if newest else {}).items():
            if isinstance(figure, Mapping) and {"value", "low", "high", "n"} <= figure.keys():
                yield f"{prefix}_{name}", float(figure["value"])
                for part in ("low", "high", "n"):
                    yield f"{prefix}_{name}_{part}", float(figure[part])


def _upload(run: JobRun, client: Any, run_id: str, what: tuple[Path, ModelVersion]) -> None:
    """The files that are not there yet, as large as they are here."""
    folder, version = what
    there = {Path(one.path).name: one.file_size for one in client.list_artifacts(run_id, PLACE)}
    for done, name in enumerate(sorted(version.files)):
        run.progress(done, len(version.files), f"Pushing {name}")
        run.raise_if_cancelled()
        if there.get(name) != (folder / name).stat().st_size:
            client.log_artifact(run_id, str(folder / name), PLACE)
    run.progress(len(version.files), len(version.files), "Pushed")


def _register(client: Any, run_id: str, place: str, version: ModelVersion) -> dict[str, str]:
    from mlflow.exceptions import MlflowException

    name = f"{version.project.slug}-{version.question.name}"
    try:
        client.create_registered_model(name, tags={"annotate.project": version.project.slug})
    except MlflowException as error:
        if error.error_code != THERE_ALREADY:
            raise
    found = client.search_model_versions(f"name = '{name}' and run_id = '{run_id}'")
    kept = found[0] if found else None
    if kept is None:
        tags = {f"sha256.{file}": sha256 for file, sha256 in version.files.items()}
        tags[ADDRESS] = settings.PUBLIC_URL + version.get_absolute_url()
        kept = client.create_model_version(
            name, f"{place}/{PLACE}", run_id, tags=tags, description=version.comment or None
        )
    url = f"{settings.MLFLOW_TRACKING_URI.rstrip('/')}/#/models/{name}/versions/{kept.version}"
    return {"run": run_id, "name": name, "version": str(kept.version), "url": url}


def _short(value: Any) -> str:
    words = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return words if len(words) <= MOST_OF_A_VALUE else words[: MOST_OF_A_VALUE - 1] + "…"
