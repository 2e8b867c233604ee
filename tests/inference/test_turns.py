from __future__ import annotations

import threading
from datetime import timedelta

import pytest
from django.db import connections
from django.utils import timezone

from inference import turns
from inference.models import LiveWeights
from tests.factories import make_question

CROWD = 6


@pytest.fixture
def row(question) -> LiveWeights:
    turns.want([question.pk])
    return LiveWeights.objects.get()


def test_what_is_wanted_is_taken_by_one(question, row):
    [turn] = turns.take([question.pk])

    assert turn == (question.pk, 1, 1)
    assert turns.take([question.pk]) == []


def test_wanting_twice_is_wanting_once(question, row):
    turns.want([question.pk])

    row.refresh_from_db()
    assert (row.wanted, row.fitted) == (1, 0)


def test_what_was_given_back_is_not_taken_again_until_something_changes(project, question, row):
    with turns.kept(turns.take([question.pk])):
        pass
    assert turns.take([question.pk]) == []

    turns.want_all(project.pk)

    [turn] = turns.take([question.pk])
    assert (turn.fence, turn.wanted) == (2, 2)


def test_a_change_while_fitting_is_not_lost(project, question, row):
    with turns.kept(turns.take([question.pk])):
        turns.want_all(project.pk)
        turns.want_all(project.pk)
        assert turns.take([question.pk]) == []

    [turn] = turns.take([question.pk])
    assert turn.wanted == 3  # a burst is one fit more


def test_questions_are_taken_one_by_one_or_together(project, question, row):
    other = make_question(project, "tone")
    turns.take([question.pk])
    turns.want([other.pk])

    assert [turn.question for turn in turns.take([question.pk, other.pk])] == [other.pk]


def test_a_dead_holder_is_followed_and_what_it_stores_late_goes_nowhere(question, row):
    [dead] = turns.take([question.pk])
    LiveWeights.objects.update(leased_until=timezone.now() - timedelta(seconds=1))

    [alive] = turns.take([question.pk])

    assert alive.fence == dead.fence + 1
    assert turns.store(dead, values=b"old") is False
    assert turns.store(alive, values=b"new") is True
    assert not turns.store(dead, values=b"old")
    with turns.kept([dead]):
        pass
    row.refresh_from_db()
    assert bytes(row.values) == b"new"
    assert row.owner  # the dead one gave back what was no longer its own: nothing


@pytest.mark.django_db(transaction=True)
def test_a_long_fit_keeps_its_turn(question, monkeypatch):
    monkeypatch.setattr(turns, "BEAT_SECONDS", 0.02)
    turns.want([question.pk])
    mine = turns.take([question.pk])
    extended = threading.Event()
    LiveWeights.objects.update(leased_until=timezone.now() - timedelta(seconds=1))

    with turns.kept(mine):
        for _ in range(500):
            if LiveWeights.objects.filter(leased_until__gt=timezone.now()).exists():
                extended.set()
                break
            threading.Event().wait(0.02)
        assert extended.is_set()
        assert turns.take([question.pk]) == []

    assert LiveWeights.objects.get().leased_until is None


@pytest.mark.django_db(transaction=True)
def test_of_a_crowd_one_gets_the_turn_and_nothing_wanted_is_left(project, question):
    """Real threads on the real database: each wants, and fits as long as there is something to."""
    turns.want([question.pk])
    holding, most, fitted, guard = [0], [0], [0], threading.Lock()
    start = threading.Barrier(CROWD)
    failures: list[BaseException] = []

    def process() -> None:
        try:
            start.wait(10)
            for _ in range(5):
                turns.want_all(project.pk)
                while mine := turns.take([question.pk]):
                    with turns.kept(mine):
                        with guard:
                            holding[0] += 1
                            most[0] = max(most[0], holding[0])
                            fitted[0] += 1
                        turns.store(mine[0], version=str(mine[0].wanted))
                        with guard:
                            holding[0] -= 1
        except BaseException as failure:  # noqa: BLE001 - handed to the test below
            failures.append(failure)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=process) for _ in range(CROWD)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)

    row = LiveWeights.objects.get()
    assert failures == []
    assert most[0] == 1
    assert 1 <= fitted[0] <= 1 + 5 * CROWD
    assert row.wanted == row.fitted == 1 + 5 * CROWD
    assert row.version == str(row.wanted)
    assert row.fence == fitted[0]
