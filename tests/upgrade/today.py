"""Today's code on a database that an older release made, in a process of its own.

Reads the settings from the environment and prints one JSON object: what is there, and whether
people can work with it.
"""

from __future__ import annotations

import json
import sys
import uuid
from typing import Any

import django

ROOMS = ("projects", "labeling", "corpus", "inference")
DEMO = "support-messages"
PAGES = (
    "/",
    "/projects/{slug}/",
    "/projects/{slug}/label/",
    "/projects/{slug}/labels/",
    "/projects/{slug}/guidelines/",
    "/projects/{slug}/people/",
    "/projects/{slug}/settings/",
    "/projects/{slug}/settings/project.json",
    "/projects/{slug}/imports/",
    "/projects/{slug}/exports/",
    "/projects/{slug}/datasets/",
    "/projects/{slug}/models/",
    "/projects/{slug}/jobs/",
)


def main() -> None:
    django.setup()
    from django.conf import settings
    from django.core.management import call_command

    settings.ALLOWED_HOSTS.append("testserver")
    call_command("migrate", verbosity=0)
    report = {
        "tables": tables(),
        "rows": rows(),
        "wants_migration": wants_migration(),
        "versions": versions(),
        "freezes": freezes(),
        "pages": pages(),
        "work": work(),
        "frozen_after_work": freezes(),
    }
    json.dump(report, sys.stdout)


def tables() -> dict[str, int]:
    from django.db import connection

    counts = {}
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            cursor.execute(f"SELECT count(*) FROM {connection.ops.quote_name(table)}")
            counts[table] = cursor.fetchone()[0]
    return counts


def rows() -> dict[str, list[dict[str, Any]]]:
    """Every row of every room, as today's models read it."""
    from django.apps import apps
    from django.core.serializers.json import DjangoJSONEncoder

    def plain(value: Any) -> Any:
        return bytes(value).hex() if isinstance(value, bytes | memoryview) else value

    found = {
        model._meta.label: [
            {name: plain(value) for name, value in row.items()}
            for row in model._base_manager.order_by("pk").values()
        ]
        for room in ROOMS
        for model in apps.get_app_config(room).get_models()
    }
    return json.loads(json.dumps(found, cls=DjangoJSONEncoder))


def wants_migration() -> bool:
    from django.core.management import call_command

    try:
        call_command("makemigrations", check=True, dry_run=True, verbosity=0)
    except SystemExit:
        return True
    return False


def versions() -> dict[int, str]:
    """What is wrong with each dataset version of the demo; empty when it is whole."""
    from corpus.models import DatasetVersion
    from corpus.versions.freeze import DatasetDamaged, contents_of

    found = {}
    for version in DatasetVersion.objects.filter(project__slug=DEMO):
        try:
            with contents_of(version) as (_definitions, records):
                read = sum(1 for _ in records)
            found[version.number] = "" if read == version.documents else f"{read} documents"
        except DatasetDamaged as damaged:
            found[version.number] = str(damaged)
    return found


def freezes() -> str:
    from corpus.versions.freeze import Unchanged, freeze
    from projects.models import Project

    try:
        return str(freeze(project=Project.objects.get(slug=DEMO)))
    except Unchanged as unchanged:
        return str(unchanged)


def pages() -> dict[str, int]:
    """Every page's status, as the projects' owner and as a new superuser."""
    from django.test import Client

    from projects.models import User

    owner, root = Client(), Client()
    owner.login(username="olivia", password="olivia-demo")
    root.force_login(User.objects.create_superuser("root"))
    paths = [page.format(slug=slug) for slug in (DEMO, "survey") for page in PAGES]
    paths += [f"/projects/{DEMO}/datasets/1/", f"/projects/{DEMO}/datasets/2/file"]
    found = {path: owner.get(path).status_code for path in paths}
    return found | {"/admin/": root.get("/admin/").status_code}


def work() -> dict[str, Any]:
    """Each annotator signs in with the old password, is given a document and answers it."""
    from django.test import Client

    from labeling.models import Slot
    from projects.models import Label, User

    done = {}
    for username in ("ana", "ben"):
        client = Client()
        signed_in = client.login(username=username, password=f"{username}-demo")
        given = client.get(f"/projects/{DEMO}/label/").status_code
        document = Slot.objects.leased_to(User.objects.get(username=username)).get().document_id
        label = Label.objects.filter(question__project__slug=DEMO).first()
        answer = {
            "client_id": str(uuid.uuid4()),
            "active_ms": "900",
            f"q-{label.question_id}": str(label.pk),
        }
        saved = client.post(f"/projects/{DEMO}/label/{document}/submit", answer).status_code
        done[username] = {"signed_in": signed_in, "given": given, "saved": saved}
    return done


if __name__ == "__main__":
    main()
