"""Plain functions that make rows. Everything not said is plausible and unimportant."""

from __future__ import annotations

import itertools
import uuid
from collections.abc import Mapping, Sequence

from labeling.models import Event
from labeling.publish import publish
from labeling.submit import Submission, Submitted, submit
from projects.models import (
    Document,
    DocumentState,
    Label,
    Membership,
    Project,
    Question,
    QuestionKind,
    Role,
    User,
    document_hash,
)

serial = itertools.count(1)


def make_user(username: str = "", **fields) -> User:
    user = User(username=username or f"user{next(serial)}", **fields)
    user.set_password("correct horse")
    user.save()
    return user


def make_project(name: str = "Support tickets", *, slug: str = "", **fields) -> Project:
    return Project.objects.create(name=name, slug=slug or f"project-{next(serial)}", **fields)


def make_member(project: Project, username: str, role: Role) -> User:
    user = User.objects.filter(username=username).first() or make_user(username)
    Membership.objects.create(project=project, user=user, role=role)
    return user


def make_question(
    project: Project,
    name: str = "topic",
    *,
    labels: Sequence[str] | Mapping[str, str] = ("Refund", "Late delivery", "Praise"),
    **fields,
) -> Question:
    """`labels`: names, or names to descriptions."""
    fields.setdefault("kind", QuestionKind.CHOICE)
    question = Question.objects.create(project=project, name=name, **fields)
    for position, label in enumerate(labels):
        described = {"description": labels[label]} if isinstance(labels, Mapping) else {}
        make_label(question, label, position=position, **described)
    return question


def make_label(question: Question, name: str, **fields) -> Label:
    fields.setdefault("description", f"About {name.lower()}.")
    return Label.objects.create(question=question, name=name, **fields)


def make_documents(
    project: Project, *texts: str | dict[str, str], count: int = 0, **fields
) -> list[Document]:
    """Published documents with their slots, outside the reserve unless told otherwise.

    A text stands for the field "text"; give a dict where there are several fields.
    """
    given = list(texts) or [f"Message {next(serial)}" for _ in range(count)]
    every = [{"text": text} if isinstance(text, str) else text for text in given]
    first = project.documents.count()
    documents = [
        Document.objects.create(
            project=project,
            position=first + offset,
            external_id=f"D-{first + offset + 1}",
            texts=text,
            text_hash=document_hash(text, list(text)),
            **{"state": DocumentState.STAGED, **fields},
        )
        for offset, text in enumerate(every)
    ]
    if fields.get("state", DocumentState.STAGED) == DocumentState.STAGED:
        publish(project=project, documents=documents)
    for document in documents:
        document.refresh_from_db()
    return documents


def answer(
    document: Document,
    annotator: User,
    *labels: Label | str,
    client_id: uuid.UUID | None = None,
    replaces: Event | None = None,
    **fields,
) -> Submitted:
    """Submit these labels (names or rows) for the project's questions."""
    names = {label if isinstance(label, str) else label.name for label in labels}
    chosen: dict[int, list[int]] = {}
    for question in document.project.questions.all():
        rows = question.labels.filter(name__in=names)
        chosen[question.pk] = [row.pk for row in rows]
    submission = Submission(
        client_id=client_id or uuid.uuid4(), replaces=replaces.pk if replaces else None, **fields
    )
    return submit(document=document, annotator=annotator, chosen=chosen, submission=submission)
