from __future__ import annotations

import pytest
from django.db import DatabaseError
from django.utils import timezone

from annotate.views import health
from projects.models import WorkerBeat


def fails() -> str:
    raise DatabaseError("gone")


@pytest.fixture
def engine_ready(monkeypatch):
    monkeypatch.setattr(health, "engine", lambda: "ok")


@pytest.fixture
def worker_beats(db):
    WorkerBeat.objects.create(name="w", started_at=timezone.now(), beat_at=timezone.now())


def test_the_process_answers_without_a_database(client):
    assert client.get("/healthz").json() == {"status": "ok"}


def test_monitors_that_ask_by_head_are_answered(client):
    assert client.head("/healthz").status_code == 200


def test_all_parts_are_ready(client, engine_ready, worker_beats):
    response = client.get("/readyz")

    assert response.status_code == 200
    assert response.json() == {
        "status": "ok",
        "database": "ok",
        "channel_layer": "ok",
        "engine": "ok",
        "worker": "ok",
    }


def test_a_missing_worker_only_degrades(client, engine_ready, db):
    response = client.get("/readyz")

    assert response.status_code == 200
    assert (response.json()["status"], response.json()["worker"]) == ("degraded", "missing")


def test_a_broken_engine_only_degrades(client, monkeypatch, worker_beats, caplog):
    monkeypatch.setattr(health, "engine", fails)
    response = client.get("/readyz")

    assert response.status_code == 200
    assert (response.json()["status"], response.json()["engine"]) == ("degraded", "down")


@pytest.mark.parametrize("needed", ["database", "channel_layer"])
def test_a_missing_part_that_saving_needs_is_down(client, monkeypatch, caplog, needed, db):
    monkeypatch.setattr(health, needed, fails)
    response = client.get("/readyz")

    assert response.status_code == 503
    assert (response.json()["status"], response.json()[needed]) == ("down", "down")
    assert "gone" not in response.text
