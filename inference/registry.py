"""Keeping the registry's rows in step with what serves."""

from __future__ import annotations

import platform
from collections.abc import Mapping
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from django.db import transaction
from django.db.models import Max

from inference.engine import Engine
from inference.models import ModelKind, ModelVersion, Stage
from projects.models import Question

PACKAGES = ("numpy", "scikit-learn", "torch", "transformers")


def keep_live_version(
    *,
    question: Question,
    engine: Engine,
    last_event: int,
    facts: Mapping[str, Any],
    stage: Stage = Stage.CHAMPION,
) -> ModelVersion:
    """The row of the live version of (question, engine), moved on to `last_event`.

    A live version on another encoder is archived. A slower process never moves the row back.
    """
    with transaction.atomic():
        row, _ = ModelVersion.objects.get_or_create(
            question=question,
            encoder=engine.name,
            kind=ModelKind.LIVE,
            defaults={
                "project": question.project,
                "name": f"{engine.title} live",
                "number": next_number(question),
                "stage": Stage.CHAMPION,
            },
        )
        row.last_event_id = last_event or None
        row.parameters = dict(facts)
        row.environment = environment()
        row.stage = stage
        newer = ModelVersion.objects.filter(pk=row.pk, last_event__gt=last_event)
        if not newer.exists():
            row.save(
                update_fields=["last_event", "parameters", "environment", "stage", "updated_at"]
            )
            others = ModelVersion.objects.live().filter(question=question).exclude(pk=row.pk)
            others.filter(stage=Stage.CHAMPION).update(stage=Stage.ARCHIVED)
    return row


@cache
def environment() -> dict[str, str]:
    """The versions that a fit depends on, of those installed."""
    found = {"python": platform.python_version()}
    for package in PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found


def next_number(question: Question) -> int:
    last = ModelVersion.objects.filter(question=question).aggregate(last=Max("number"))["last"]
    return (last or 0) + 1


def in_use(question: Question) -> ModelVersion | None:
    """The version that suggests for a question: the promoted one, else the live head."""
    versions = ModelVersion.objects.filter(question=question).select_related("project", "question")
    live = versions.live().filter(base=None).order_by("-updated_at", "-pk")
    return versions.promoted().first() or live.first()


def beside(version: ModelVersion | None) -> ModelVersion | None:
    """The live head that suggests together with a promoted version; None where it is alone."""
    if version is None or version.is_live or not version.is_suggesting:
        return None
    heads = ModelVersion.objects.live().filter(base=version, stage=Stage.CHAMPION)
    return heads.select_related("project", "question", "base").first()


def to_beat(present: ModelVersion | None) -> ModelVersion | None:
    """What a challenger has to be better than: what people see while this version is in use."""
    return beside(present) or present
