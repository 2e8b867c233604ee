"""A run that labels the rest, step by step, and what it leaves."""

from __future__ import annotations

import hashlib

from django.db.models import Count

from inference import live
from inference.autolabel import run as runs
from inference.autolabel.sample import sample_of
from inference.engine import serving
from inference.models import AutoLabelRun, Role
from labeling.models import Annotation, Event, EventKind, ModelAnnotation
from projects.models import Document, DocumentState, Project, Question, User
from projects.models import Role as Member
from tests.factories import answer, make_documents, make_member, make_project, make_question
from tests.inference.training_data import WORDS, answered, texts

TAUGHT, LEFT = 40, 400


def seed() -> None:
    project = make_project("Support tickets", slug="tickets", reserve=0)
    make_question(project)
    make_member(project, "owner", Member.OWNER)
    answered(project, make_member(project, "ann", Member.ANNOTATOR), TAUGHT)
    make_documents(project, *(text for text, _ in texts(LEFT, seed=9)))
    serving().started.result()
    live.refresh(project)


def begin() -> int:
    question, owner = Question.objects.get(), person("owner")
    return job_of(runs.start(question=question, target=0.2, calibration=30, audit=8, author=owner))


def answer_sample() -> int:
    """All of the sample, by one person; how many that were."""
    drawn = [one.document for one in sample_of(latest(), Role.CALIBRATION)]
    for document in Document.objects.select_related("project").filter(pk__in=drawn):
        answer(document, person("ann"), label_of(document))
    return len(drawn)


def choose() -> None:
    runs.choose(latest())


def answer_some(count: int) -> None:
    """Of what the model may label, a person is faster with so many."""
    rows = latest().documents.filter(role=Role.REST, document__state=DocumentState.OPEN)
    for row in rows.select_related("document__project")[:count]:
        answer(row.document, person("ann"), label_of(row.document))


def apply() -> int:
    run = latest()
    runs.apply(run=run, actor=person("owner"))
    return job_of(run)


def undo() -> int:
    run = latest()
    runs.undo(run=run, actor=person("owner"))
    return job_of(run)


def look() -> dict:
    run = latest()
    mine = run.documents.filter(role=Role.REST)
    may = (
        mine.filter(score__gte=run.figures["cutoff"]) if run.figures.get("cutoff") else mine.none()
    )
    labelled = set(ModelAnnotation.objects.values_list("document", flat=True))
    by_people = set(Annotation.objects.values_list("document", flat=True))
    marked = set(documents(DocumentState.MODEL))
    drawn = set(Document.objects.filter(is_drawn=True).values_list("pk", flat=True))
    return {
        "state": run.state,
        "read": run.documents.count(),
        "drawn": run.documents.filter(role=Role.CALIBRATION).count(),
        "audited": run.documents.filter(role=Role.AUDIT).count(),
        "chosen": "n" in run.figures,
        "selected": run.figures.get("selected"),
        "labelled": len(labelled),
        "open": len(documents(DocumentState.OPEN)),
        "missing": len(set(may.values_list("document", flat=True)) - labelled - by_people),
        "outside": len(labelled - set(may.values_list("document", flat=True))),
        "beside_people": len(labelled & by_people),
        "drawn_labelled": len(labelled & drawn),
        "marked_wrongly": len(labelled ^ marked),
        "most_times": times(ModelAnnotation.objects.all()),
        "most_events": times(Event.objects.filter(kind=EventKind.MODEL, payload__batch=run.pk)),
        "people": people(),
    }


def people() -> str:
    """A digest of all that people answered."""
    rows = Annotation.objects.order_by("pk", "answers").values_list(
        "pk", "document", "state", "last_event", "answers__label"
    )
    return hashlib.sha256(repr(list(rows)).encode()).hexdigest()


def times(rows) -> int:
    """The most rows that one document has."""
    counted = rows.order_by().values("document").annotate(n=Count("pk"))
    return max((row["n"] for row in counted), default=0)


def documents(state: DocumentState) -> list[int]:
    return list(Project.objects.get().documents.filter(state=state).values_list("pk", flat=True))


def latest() -> AutoLabelRun:
    return AutoLabelRun.objects.select_related("project", "question", "job").latest("pk")


def job_of(run: AutoLabelRun) -> int:
    assert run.job_id is not None
    return run.job_id


def label_of(document: Document) -> str:
    return next(name for name, word in WORDS.items() if word in document.texts["text"])


def person(name: str) -> User:
    return User.objects.get(username=name)
