"""What a model may learn from has changed: said where it changes, heard in rooms to the right."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from django.db import transaction

Listener = Callable[[int], None]
listeners: list[Listener] = []


def when_changed(listener: Listener) -> Listener:
    """Call this with the id of each project whose answers, documents or labels have changed."""
    listeners.append(listener)
    return listener


def announce_change(project_id: int) -> None:
    """Tell that answers, documents or labels have changed, once that is certain.

    A listener that fails is logged. It costs a refit, never the change.
    """
    for listener in listeners:
        transaction.on_commit(partial(listener, project_id), robust=True)
