"""Counting what a remote version was asked, what that cost, and what went wrong last."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django.db.models import DecimalField, F, Value
from django.db.models.functions import Least
from django.utils import timezone

from inference.models import ModelVersion, RemoteUse
from inference.remote.asking import Spent
from inference.remote.configuration import Configuration

COST = DecimalField(max_digits=14, decimal_places=6)
MOST_COST = Value(Decimal(99_999_999), output_field=COST)
"""The endpoint counts the tokens, and could say anything."""
LONGEST_ERROR = RemoteUse._meta.get_field("last_error").max_length


def count_use(
    version: ModelVersion, configuration: Configuration, spent: Spent, *, failure: str
) -> None:
    """Add one document's calls; several workers may do so at once."""
    now = timezone.now()
    cost = Value(configuration.cost(spent.tokens_in, spent.tokens_out), output_field=COST)
    changes: dict[str, Any] = {
        "calls": F("calls") + spent.calls,
        "tokens_in": F("tokens_in") + spent.tokens_in,
        "tokens_out": F("tokens_out") + spent.tokens_out,
        "cost": Least(F("cost") + cost, MOST_COST, output_field=COST),
        "updated_at": now,
    }
    if failure:
        changes |= {
            "failures": F("failures") + 1,
            "last_error": failure[:LONGEST_ERROR],
            "last_error_at": now,
        }
    RemoteUse.objects.get_or_create(model_version=version)
    RemoteUse.objects.filter(model_version=version).update(**changes)
