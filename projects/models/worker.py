from __future__ import annotations

from datetime import timedelta

from django.db import models
from django.utils import timezone

BEAT_SECONDS = 5
MISSED_BEATS = 4


class WorkerBeatQuerySet(models.QuerySet["WorkerBeat"]):
    def alive(self) -> WorkerBeatQuerySet:
        return self.filter(
            beat_at__gt=timezone.now() - timedelta(seconds=BEAT_SECONDS * MISSED_BEATS)
        )


class WorkerBeat(models.Model):
    """A worker process says here, every few seconds, that it lives."""

    name = models.CharField(max_length=120, unique=True)
    started_at = models.DateTimeField()
    beat_at = models.DateTimeField()

    objects = WorkerBeatQuerySet.as_manager()

    def __str__(self) -> str:
        return self.name
