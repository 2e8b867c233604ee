"""Two versions to promote in turn, and what the registry says of them."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

from inference.models import ModelVersion, Promotion
from projects.models import Question, Role
from tests.e2e.seed import session_of
from tests.factories import make_documents, make_member, make_project, make_question
from tests.inference.tiny_models import make_folder, register


def seed() -> dict:
    """The numbers of the versions, a document, and the session of somebody who labels it."""
    project = make_project("Support tickets", slug="tickets", reserve=0)
    question = make_question(project)
    make_member(project, "owner", Role.OWNER)
    ann = make_member(project, "ann", Role.ANNOTATOR)
    [document] = make_documents(project, "I want a refund of my money")
    labels = [label.pk for label in question.labels.all()]
    with TemporaryDirectory() as folder:
        made = make_folder(Path(folder), ["a", "b", "c"])
        versions = [register(question, made, labels) for _ in range(2)]
    return {
        "numbers": [version.number for version in versions],
        "document": document.pk,
        "session": session_of(ann),
    }


def look() -> dict:
    """Numbers of versions, 0 for the live head; `log`: what suggested before and after, by turn."""
    log = Promotion.objects.select_related("model_version", "replaced").order_by("pk")
    champions = ModelVersion.objects.promoted().filter(question=Question.objects.get())
    return {
        "champions": list(champions.values_list("number", flat=True)),
        "log": [[number(row.replaced), number(row.model_version)] for row in log],
    }


def number(version: ModelVersion | None) -> int:
    return 0 if version is None or version.is_live else version.number
