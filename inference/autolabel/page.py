"""What the page “Label the rest” says of a question, and the form that begins a run."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django import forms
from django.db.models import Count

from inference.autolabel.run import HIGHEST_TARGET, TARGETS, obstacle, remaining
from inference.autolabel.sample import sample_of, without_gaps
from inference.autolabel.selection import checked, exact_interval, fewest, planned
from inference.measuring.intervals import Estimate
from inference.models import UNDER_WAY, AutoLabelRun, Role, RunState
from labeling.models import ModelAnnotation
from projects.models import Project, Question

MOST_RUNS = 50
USUAL_AUDIT = 50
MOST_SAMPLED = 5000


class StartForm(forms.Form):
    target = forms.FloatField(
        label="At most this share wrong, on average, in %",
        initial=10,
        min_value=0.5,
        max_value=100 * HIGHEST_TARGET,
        help_text="10 is a good start; 5 takes about twice the answers and leaves more to people.",
    )
    calibration = forms.IntegerField(
        label="Documents that people answer first",
        required=False,
        min_value=1,
        max_value=MOST_SAMPLED,
        help_text="Drawn by chance. Empty: as many as the target usually takes, "
        + ", ".join(f"{planned(target)} at {100 * target:.0f} %" for target in TARGETS)
        + ". With more of them more can be labelled.",
    )
    audit = forms.IntegerField(
        label="Documents that people check afterwards",
        initial=USUAL_AUDIT,
        min_value=0,
        max_value=MOST_SAMPLED,
        help_text="Of what the model may answer, drawn by chance and left to people: they tell how "
        "many are wrong this time.",
    )

    def clean_target(self) -> float:
        percent: float = self.cleaned_data["target"]
        return percent / 100

    def calibration_for(self, left: int) -> int:
        """What was asked for, or what the target takes, but no more than half of what is left."""
        given: int | None = self.cleaned_data["calibration"]
        return given or min(planned(self.cleaned_data["target"]), left // 2)


@dataclass(frozen=True, slots=True)
class Shown:
    """A run as the page shows it; `labelled` by it now."""

    run: AutoLabelRun
    labelled: int

    @property
    def percent(self) -> str:
        return f"{100 * self.run.target:g}"

    @property
    def is_chosen(self) -> bool:
        return "n" in self.run.figures

    @property
    def is_working(self) -> bool:
        return self.run.job is not None and not self.run.job.is_finished

    @property
    def is_stuck(self) -> bool:
        """Its job failed or was stopped before it was done."""
        at_work = {RunState.SCORING, RunState.APPLYING, RunState.UNDOING}
        return self.run.state in at_work and not self.is_working

    @property
    def to_check(self) -> int:
        """Of the selected, how many stay with people."""
        return checked(self.run.audit, self.run.figures.get("selected", 0))

    @property
    def to_label(self) -> int:
        return int(self.run.figures.get("selected", 0)) - self.to_check

    @property
    def coverage(self) -> float:
        figures = self.run.figures
        return figures["selected"] / figures["rest"] if figures.get("rest") else 0.0


def context_of(project: Project, question: Question) -> dict[str, Any]:
    """Everything about one question. The number of queries does not grow with the runs."""
    runs = (
        AutoLabelRun.objects.filter(question=question)
        .select_related("project", "question", "model_version__question", "job", "author")
        .defer("weights")
        .order_by("-pk")
    )
    counts = dict(
        ModelAnnotation.objects.filter(project=project)
        .order_by()
        .values_list("batch")
        .annotate(n=Count("pk"))
    )
    shown = [Shown(run, counts.get(run.pk, 0)) for run in runs[:MOST_RUNS]]
    current = next((one for one in shown if one.run.state in UNDER_WAY), None)
    newest = current or next(iter(shown), None)
    return {
        "current": current,
        "newest": newest,
        "runs": [one for one in shown if one is not newest],
        "obstacle": "" if current else obstacle(question),
        "left": None if current else remaining(project).count(),
        "waiting_reserve": project.documents.open().filter(in_reserve=True).count(),
        **(_answered(newest) if newest else {}),
    }


def _answered(shown: Shown) -> dict[str, Any]:
    """How far people are with the sample, and with the check."""
    run = shown.run
    if run.state == RunState.ANSWERING and not shown.is_chosen:
        sample = sample_of(run, Role.CALIBRATION)
        usable = len(without_gaps(sample))
        return {
            "sample": len(sample),
            "answered": sum(one.wrong is not None for one in sample),
            "usable": usable,
            "fewest": fewest(run.target),
            "may_choose": usable >= fewest(run.target),
        }
    if run.state in {RunState.APPLIED, RunState.UNDONE}:
        sample = sample_of(run, Role.AUDIT)
        told = without_gaps(sample)
        return {"audit": len(sample), "audited": _share_wrong([bool(one.wrong) for one in told])}
    return {}


def _share_wrong(wrong: list[bool]) -> Estimate:
    return exact_interval(sum(wrong), len(wrong))
