"""Which labels of today the labels in a dataset version are.

A version's file knows names, and no ids. A label that was merged since is followed; one that was
renamed or deleted cannot be, and whoever trained all the same would lose what it taught.
"""

from __future__ import annotations

from corpus.models import DatasetVersion
from inference.training.lessons import BLIND_SPLITS, CannotTrain, counts_of
from labeling.merged import merged_into
from labeling.models import EventKind
from projects.models import Question


def labels_of(dataset: DatasetVersion, question: Question) -> dict[str, int]:
    """Name in the dataset to the id of the label that it is today; without those that are gone."""
    known = dict(question.labels.values_list("name", "pk"))
    names = [label["name"] for label in counts_of(dataset, question).get("labels", [])]
    if not known.keys() >= set(names):
        known = {**_merged(question), **known}
    return {name: known[name] for name in names if name in known}


def lost_labels(dataset: DatasetVersion, question: Question) -> list[str]:
    """Names under which a dataset teaches something, and which are no label of the question."""
    known = labels_of(dataset, question)
    return [
        label["name"]
        for label in counts_of(dataset, question).get("labels", [])
        if label["name"] not in known
        and any(n for split, n in label["splits"].items() if split not in BLIND_SPLITS)
    ]


def refuse_lost(dataset: DatasetVersion, question: Question) -> None:
    """Raises CannotTrain."""
    lost = lost_labels(dataset, question)
    if lost:
        raise CannotTrain(
            f"{dataset} teaches {in_words(lost)}, which “{question.shown_title}” has no more under "
            f"{'that name' if len(lost) == 1 else 'those names'}. Freeze another version: it has "
            "the names of today."
        )


def in_words(names: list[str]) -> str:
    """“A”, “B” and 3 others"""
    shown = [f"“{name}”" for name in names[:3]]
    if len(names) > len(shown):
        return f"{', '.join(shown)} and {len(names) - len(shown)} more"
    return " and ".join(filter(None, [", ".join(shown[:-1]), shown[-1]]))


def _merged(question: Question) -> dict[str, int]:
    """Name of each label that was merged away to the one that stands for it."""
    merges = question.project.events.filter(kind=EventKind.MERGE, payload__question=question.pk)
    pairs = merges.order_by().values_list("payload__from__name", "payload__from__id").distinct()
    into = merged_into(question.project)
    labels = set(question.labels.values_list("pk", flat=True))
    return {name: into[pk] for name, pk in dict(pairs).items() if into.get(pk) in labels}
