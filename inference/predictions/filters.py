"""The filters of the page of predictions, from its address."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import isfinite

from inference.models import ModelVersion
from inference.predictions.search import MOST_DIGITS, WHOLE, Filters
from labeling.matching import BadFilter
from projects.models import DocumentState

STATES = {
    "": "All",
    DocumentState.OPEN.value: "To do",
    DocumentState.DONE.value: "Done",
    DocumentState.OWNER.value: "With the owner",
    DocumentState.MODEL.value: "Labelled by a model",
}


def read_filters(given: Mapping[str, str], versions: Sequence[ModelVersion]) -> Filters | None:
    """The version asked for, else the one that suggests, else the newest; None without versions.

    Raises BadFilter.
    """
    if not versions:
        return None
    version = _version(given.get("version", ""), versions)
    least, most = _percent(given, "least", 0.0), _percent(given, "most", WHOLE)
    if least > most:
        raise BadFilter("The lowest score is above the highest. Swap them.")
    state = given.get("state", "")
    if state not in STATES:
        raise BadFilter("There is no such state of documents.")
    return Filters(
        version=version,
        label=_label(given.get("label", ""), version),
        least=least,
        most=most,
        differs=given.get("differs", "") == "1",
        state=state,
    )


def _version(value: str, versions: Sequence[ModelVersion]) -> ModelVersion:
    if not value:
        suggesting = (one for one in versions if one.is_suggesting and not one.is_live)
        return next(suggesting, versions[0])
    chosen = next((one for one in versions if str(one.pk) == value), None)
    if chosen is None:
        raise BadFilter("There is no such version, or nothing that it said is recorded.")
    return chosen


def _label(value: str, version: ModelVersion) -> int | None:
    """A label of another question, left over from another version, is no filter here."""
    if not value:
        return None
    if not value.isdecimal() or len(value) > MOST_DIGITS:
        raise BadFilter("There is no such label.")
    return version.question.labels.filter(pk=int(value)).values_list("pk", flat=True).first()


def _percent(given: Mapping[str, str], name: str, usual: float) -> float:
    value = given.get(name, "").strip()
    try:
        number = float(value) if value else usual
    except ValueError:
        number = float("nan")
    if not isfinite(number) or not 0 <= number <= WHOLE:
        raise BadFilter("A score is a number of percent between 0 and 100.")
    return number
