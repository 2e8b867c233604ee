"""Jobs, as a test of kills sees and moves them."""

from __future__ import annotations

from datetime import timedelta

from django.db.models import F

from projects.models import Job


def look(pk: int) -> dict:
    job = Job.objects.get(pk=pk)
    return {
        "state": job.state,
        "finished": job.is_finished,
        "token": str(job.run_token),
        "error": job.error,
        "share": job.progress_done / (job.progress_total or 1),
        "result": job.result,
    }


def age() -> None:
    """A test cannot wait until a dead worker is missed, and its kills are no fault of the job."""
    hour_ago = F("heartbeat_at") - timedelta(hours=1)
    Job.objects.unfinished().update(heartbeat_at=hour_ago, attempts=0)


def unfinished() -> int:
    return Job.objects.unfinished().count()
