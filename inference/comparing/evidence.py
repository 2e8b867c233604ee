"""What is known of a challenger beside the version that suggests now, and whether it wins."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import Q

from inference.comparing.compare import newest_comparison
from inference.comparing.difference import Difference
from inference.measuring.intervals import ENOUGH
from inference.models import Comparison, ModelVersion
from inference.registry import to_beat

MAY_GROW, AT_LEAST = 1.1, 10
"""A live head has moved on since once it knows a tenth, and ten, answers more."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """`present` is what people see now: the version that suggests, or the live head that suggests
    together with it; None: nothing does. `comparison`: the newest of the two.
    """

    version: ModelVersion
    present: ModelVersion | None
    comparison: Comparison | None

    @property
    def difference(self) -> Difference | None:
        """The challenger's score less that of what suggests now."""
        if self.comparison is None:
            return None
        found: Difference = self.comparison.figures["difference"]
        if self.comparison.second_id == self.version.pk:
            return found
        return Difference(
            value=-found["value"], low=-found["high"], high=-found["low"], n=found["n"]
        )

    @property
    def is_enough(self) -> bool:
        return self.difference is not None and self.difference["n"] >= ENOUGH

    @property
    def is_outdated(self) -> bool:
        """The live head has learned clearly more since."""
        if self.comparison is None or self.present is None or not self.present.is_live:
            return False
        side = 0 if self.comparison.first_id == self.present.pk else 1
        then = int(self.comparison.figures["learned"][side])
        return self.present.learned_answers > max(then * MAY_GROW, then + AT_LEAST)

    @property
    def wins(self) -> bool:
        """On enough blind documents the interval of the difference lies above zero."""
        found = self.difference
        return found is not None and self.is_enough and not self.is_outdated and found["low"] > 0

    @property
    def loses(self) -> bool:
        """The interval lies below zero."""
        found = self.difference
        return found is not None and self.is_enough and found["high"] < 0

    @property
    def in_short(self) -> str:
        """+1.2 points (0.3 to 2.1); empty where nothing can be said."""
        found = self.difference
        if found is None or not self.is_enough:
            return ""
        low, high = in_points(found["low"]), in_points(found["high"])
        return f"{signed(found['value'])} points ({low} to {high})"

    @property
    def opponent(self) -> str:
        """What suggests now, in words."""
        base = self.present.base if self.present else None
        return f"{base} with {self.present} beside it" if base else str(self.present)

    @property
    def words(self) -> str:
        """What is known, in a sentence or two."""
        found = self.difference
        if self.present is None:
            return (
                "Nothing suggests for this question yet, so there is nothing to compare it with. "
                "The live head begins as soon as somebody opens a document to label."
            )
        if found is None:
            return f"{self.version} was not compared with {self.opponent}, which suggests now."
        if not self.is_enough:
            return (
                f"{found['n']} of {ENOUGH} blind test documents are answered, too few to tell "
                f"{self.version} from {self.opponent}, which suggests now."
            )
        if self.is_outdated:
            return f"{self.present} has learned from many more answers since they were compared."
        return f"{self._compared(found)} {self._verdict(found)}"

    def _compared(self, found: Difference) -> str:
        points = round(100 * abs(found["value"]), 1)
        is_less = found["value"] < 0
        by = f"{points:g} {'point' if points == 1 else 'points'}"
        assert self.comparison is not None  # noqa: S101 - there is a difference
        if self.comparison.figures["main"] == "accuracy":
            what = f"is right on {by} {'fewer' if is_less else 'more'} of the documents than"
            same = "is right on as many of the documents as"
        else:
            what = f"reaches an F1 that is {by} {'lower' if is_less else 'higher'} than"
            same = "reaches the same F1 as"
        what = what if points else same
        return (
            f"{self.version} {what} {self.opponent}, which suggests now "
            f"(95 % interval {in_points(found['low'])} to {in_points(found['high'])}, "
            f"n = {found['n']})."
        )

    def _verdict(self, found: Difference) -> str:
        if self.wins:
            return "It wins."
        if self.loses:
            return "It loses."
        return "That is not enough to call it better: the interval does not lie above 0."

    def as_json(self) -> dict[str, Any]:
        """As it is kept with a promotion."""
        return {
            "against": self.opponent if self.present else "",
            "comparison": self.comparison.pk if self.comparison else None,
            "versions": self.comparison.versions if self.comparison else [],
            "difference": self.difference,
            "wins": self.wins,
            "words": self.words,
        }


def evidence_of(version: ModelVersion, present: ModelVersion | None) -> Evidence:
    """Beside what people see while `present` is in use."""
    present = to_beat(present)
    comparison = newest_comparison(version, present) if present and present != version else None
    return Evidence(version, present, comparison)


def evidence_among(
    versions: Sequence[ModelVersion], present: ModelVersion | None
) -> dict[int, Evidence]:
    """What is known of each of these that was compared with `present`, which is what people see,
    by its id. One query.
    """
    if present is None:
        return {}
    rows = Comparison.objects.filter(Q(first=present) | Q(second=present))
    ours = rows.filter(figures__epoch=present.project.reserve_epoch).order_by("created_at", "pk")
    names = {f"figures__{name}": name for name in ("difference", "learned", "main")}
    known = {version.pk: version for version in versions if version != present}
    found = {}
    for row in ours.values("pk", "first_id", "second_id", "documents", *names):
        figures = {name: row.pop(path) for path, name in names.items()}
        other = row["second_id"] if row["first_id"] == present.pk else row["first_id"]
        if other in known:
            comparison = Comparison(**row, figures=figures)
            found[other] = Evidence(known[other], present, comparison)
    return found


def in_points(share: float) -> str:
    """-1.2, with a true minus sign, of -0.012."""
    rounded = round(100 * share, 1) or 0.0  # never -0
    return f"{rounded:g}".replace("-", "\N{MINUS SIGN}")


def signed(share: float) -> str:
    """+1.2 or \N{MINUS SIGN}1.2, of a share, in points."""
    points = in_points(share)
    return f"+{points}" if share > 0 and points != "0" else points
