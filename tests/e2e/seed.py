"""Makes small worlds in the server's database: a line of JSON in, a line of JSON out.

A process of its own, because the browser's tests hold no database themselves.
"""

from __future__ import annotations

import json
import sys
from typing import Any

import django


def main() -> None:
    django.setup()
    for line in sys.stdin:
        sys.stdout.write(json.dumps(seed(**json.loads(line))) + "\n")
        sys.stdout.flush()


def seed(*, slug: str, people: dict[str, str], texts: list[Any], **options) -> dict:
    from tests.factories import make_documents, make_member, make_project, make_question

    fields = options.get("text_fields", ["text"])
    project = make_project(
        "Support tickets", slug=slug, reserve=0, queue_order="imported", text_fields=fields
    )
    for question in options.get("questions", [{}]):
        make_question(project, **question)
    users = {name: make_member(project, name, role) for name, role in people.items()}
    if options.get("guidelines"):
        project.guideline_versions.create(number=1, text=options["guidelines"])
    if len(fields) > 1:
        texts = [dict(zip(fields, parts, strict=True)) for parts in texts]
    documents = make_documents(project, *texts)
    return {
        "slug": slug,
        "documents": [document.pk for document in documents],
        "sessions": {name: session_of(user) for name, user in users.items()},
    }


def session_of(user) -> str:
    """The key of a session in which this person has signed in."""
    from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
    from django.contrib.sessions.backends.db import SessionStore

    session = SessionStore()
    session[SESSION_KEY] = str(user.pk)
    session[BACKEND_SESSION_KEY] = "django.contrib.auth.backends.ModelBackend"
    session[HASH_SESSION_KEY] = user.get_session_auth_hash()
    session.create()
    return session.session_key


if __name__ == "__main__":
    main()
