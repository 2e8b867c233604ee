"""What a version says of documents: of a fixed one each answer is computed once and kept."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from inference.live_predictor import LivePredictor
from inference.measuring.reserve import chunks
from inference.models import ModelVersion, Suggestion
from inference.predicting import CannotPredict, Predictor, predictor_of, record
from inference.remote.failures import given_up, without_answer
from labeling.merged import followed_items, merged_into
from projects.jobs import JobError, JobRun
from projects.models import Document, Label

AT_ONCE = 32

Said = dict[int, Sequence[Any]]
"""Document id to the items that were suggested, as `Outcome` takes them."""


def said_by(
    run: JobRun, version: ModelVersion, documents: Sequence[Document]
) -> tuple[str, Mapping[int, Sequence[Any]]]:
    """The version as it is now, and what it says of these. Raises JobError where it cannot."""
    try:
        if version.is_live:
            return _said_live(run, version, documents)
        keep_missing(run, version, documents)
    except CannotPredict as why:
        raise JobError(str(why)) from why
    return version.version, recorded(version, documents)


def recorded(version: ModelVersion, documents: Sequence[Document]) -> Said:
    """What a fixed version is known to say, under the labels there are now. Nothing of a document
    of which a remote one gave no usable answer.
    """
    into = merged_into(version.project)
    labels = set(Label.objects.filter(question=version.question_id).values_list("pk", flat=True))
    said: Said = dict.fromkeys(without_answer(version, documents), ())
    for chunk in chunks([document.pk for document in documents]):
        rows = _rows(version).filter(document__in=chunk)
        for document, items in rows.values_list("document", "items"):
            followed = followed_items(items, into)
            said[document] = [item for item in followed if item["label"] in labels]
    return said


def keep_missing(run: JobRun, version: ModelVersion, documents: Sequence[Document]) -> None:
    """Ask a fixed version about those that it said nothing of yet, chunk by chunk.

    Killed at any moment, it goes on where it was. Raises CannotPredict.
    """
    missing = unasked_of(version, documents)
    predictor: Predictor | None = predictor_of(version) if missing else None
    done = len(documents) - len(missing)
    for start in range(0, len(missing) if predictor else 0, AT_ONCE):
        chunk = missing[start : start + AT_ONCE]
        assert predictor is not None  # noqa: S101 - there is nothing to ask without it
        record(version, chunk, predictor.predict(chunk), version.version)
        run.progress(done + start + len(chunk), len(documents), f"Asking {version}")
        run.raise_if_cancelled()
        run.give_way()


def is_recorded(version: ModelVersion, documents: Sequence[Document]) -> bool:
    return not version.is_live and not unasked_of(version, documents)


def unasked_of(version: ModelVersion, documents: Sequence[Document]) -> list[Document]:
    """Those of these of which a fixed version said nothing yet, and that are worth a try."""
    known = set(given_up(version).values_list("document", flat=True))
    for chunk in chunks([document.pk for document in documents]):
        known.update(_rows(version).filter(document__in=chunk).values_list("document", flat=True))
    return [document for document in documents if document.pk not in known]


def _rows(version: ModelVersion) -> Any:
    mine = Suggestion.objects.filter(model_version=version, version=version.version)
    return mine.filter(question=version.question_id).order_by("pk")


def _said_live(
    run: JobRun, version: ModelVersion, documents: Sequence[Document]
) -> tuple[str, Said]:
    """Nothing of it is kept: a live version moves on with the answers. Raises CannotPredict."""
    predictor = LivePredictor.of(version)
    said: Said = {}
    for start in range(0, len(documents), AT_ONCE):
        chunk = documents[start : start + AT_ONCE]
        said |= dict(zip(_ids(chunk), predictor.predict(chunk), strict=True))
        run.progress(start + len(chunk), len(documents), f"Asking {version}")
        run.raise_if_cancelled()
    return predictor.head.version, said


def _ids(documents: Iterable[Document]) -> list[int]:
    return [document.pk for document in documents]
