"""Puts the rows of a release's SQLite file into an empty database, in the tables of that release.

Today's code takes the migrations only as far as the release knew them, and reads and writes
through the models as they were then. So a database of another kind starts where people are.
"""

from __future__ import annotations

import json
import sys
from typing import Any

import django

MADE_BY_MIGRATE = {"contenttypes.ContentType", "auth.Permission"}


def main(source: str, leaves: list[tuple[str, str]]) -> None:
    django.setup()
    from django.core.management.color import no_style
    from django.db import connection, connections, transaction
    from django.db.migrations.executor import MigrationExecutor

    connections.databases["old"] = {**connections.databases["default"], **sqlite(source)}
    executor = MigrationExecutor(connection)
    others = [leaf for leaf in executor.loader.graph.leaf_nodes() if leaf[0] not in dict(leaves)]
    state = executor.migrate([*leaves, *others])
    models = [
        model
        for model in state.apps.get_models(include_auto_created=True)
        if model._meta.label not in MADE_BY_MIGRATE
    ]
    with transaction.atomic():  # whose end checks what points where
        for model in models:
            copy(model)
    with connection.cursor() as cursor:
        for statement in connection.ops.sequence_reset_sql(no_style(), models):
            cursor.execute(statement)


def copy(model: Any) -> None:
    for field in model._meta.local_fields:
        field.auto_now = field.auto_now_add = False
    rows = list(model._base_manager.using("old").all())
    model._base_manager.using("default").bulk_create(rows)


def sqlite(path: str) -> dict[str, Any]:
    return {"ENGINE": "django.db.backends.sqlite3", "NAME": path, "OPTIONS": {}}


if __name__ == "__main__":
    main(sys.argv[1], [tuple(leaf) for leaf in json.loads(sys.argv[2])])
