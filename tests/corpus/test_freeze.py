"""Dataset versions: the same content, the same hash; nothing else gets past."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from django.db import connection

from corpus.models import DatasetVersion
from corpus.models.dataset import Frozen
from corpus.versions.freeze import (
    DatasetDamaged,
    NothingToFreeze,
    Unchanged,
    contents_of,
    freeze,
    request_freeze,
    verify,
)
from corpus.versions.snapshot import snapshot
from projects.models import Document, JobState, User
from tests.corpus.imports import imported
from tests.factories import (
    answer,
    make_documents,
    make_label,
    make_project,
    make_question,
    make_user,
)

pytestmark = pytest.mark.django_db


def answered(project, *texts: str, **fields) -> None:
    """More documents, each with the same answer."""
    annotator = User.objects.filter(username="olaf").first() or make_user("olaf")
    for document in make_documents(project, *texts, **fields):
        answer(document, annotator, "Refund")


def lines_of(version: DatasetVersion) -> list[dict]:
    with version.file.open("rb") as file:
        return [json.loads(line) for line in file]


def test_a_version_holds_texts_answers_splits_and_definitions(project, bob):
    two, one, _ = make_documents(project, "Where?", "Money", "Hm", meta={"year": 5.0, "a": [1]})
    answer(one, bob, "Refund")
    answer(two, bob, "Late delivery")

    version = freeze(project=project, comment="First", author=bob)

    assert (version.number, version.comment, version.author) == (1, "First", bob)
    assert lines_of(version) == [
        {
            "format": "annotate-dataset",
            "number": 1,
            "text_fields": ["text"],
            "questions": [
                {
                    "name": "topic",
                    "kind": "choice",
                    "multiple": False,
                    "required": True,
                    "labels": [
                        {"name": "Late delivery", "description": "About late delivery."},
                        {"name": "Praise", "description": "About praise."},
                        {"name": "Refund", "description": "About refund."},
                    ],
                }
            ],
        },
        {
            "id": "D-1",
            "texts": {"text": "Where?"},
            "answers": {"topic": ["Late delivery"]},
            "split": "train",
            "meta": {"a": [1], "year": 5},
        },
        {
            "id": "D-2",
            "texts": {"text": "Money"},
            "answers": {"topic": ["Refund"]},
            "split": "train",
            "meta": {"a": [1], "year": 5},
        },
    ]


def test_counts_say_what_is_in_a_version(project, bob):
    documents = make_documents(project, "a", "b", "c")
    Document.objects.filter(pk=documents[1].pk).update(imported_split="test")
    for document, label in zip(documents, ["Refund", "Refund", "Praise"], strict=True):
        answer(document, bob, label)

    version = freeze(project=project)

    assert version.documents == 3
    assert version.counts == {
        "splits": {"train": 2, "test": 1},
        "questions": [
            {
                "name": "topic",
                "answered": {"train": 2, "test": 1},
                "labels": [
                    {"name": "Refund", "splits": {"train": 1, "test": 1}},
                    {"name": "Late delivery", "splits": {"train": 0, "test": 0}},
                    {"name": "Praise", "splits": {"train": 1, "test": 0}},
                ],
            }
        ],
    }


def test_the_same_content_has_the_same_hash_in_any_project_and_order(project, bob, dora):
    twin = make_project("Another name", overlap=1)
    make_label(make_question(twin, labels=["Praise", "Refund"]), "Late delivery", hotkey="x")
    for place, texts in ((project, ["a", "b"]), (twin, ["b", "a"])):
        for document in make_documents(place, *texts):
            Document.objects.filter(pk=document.pk).update(external_id="")
            answer(document, bob if place == project else dora, "Refund")

    assert freeze(project=project).sha256 == freeze(project=twin, comment="Other").sha256


@pytest.mark.parametrize(
    "change",
    [
        lambda project: project.questions.update(required=False),
        lambda project: project.questions.get().labels.get(name="Praise").delete(),
        lambda project: project.questions.get().labels.update(description="New"),
        lambda project: answered(project, "more"),
        lambda project: project.documents.update(imported_split="test"),
        lambda project: project.documents.update(meta={"a": "5"}),
        lambda project: project.documents.update(texts={"text": "a "}),
    ],
)
def test_another_content_has_another_hash(project, change):
    answered(project, "a", meta={"a": 5})
    first = freeze(project=project)

    change(project)

    assert freeze(project=project).sha256 != first.sha256


def test_content_without_spans_keeps_the_hash_it_had_in_the_first_release(db, bob):
    project = make_project(text_fields=["text", "réponse"])
    make_question(project, "topic", labels=["Refund", "Praise"])
    make_question(project, "tags", labels=["b", "a"], multiple=True, required=False)
    (document,) = make_documents(project, "Où ?\r\n", meta={"n": 1.0, "a": [None, "x"]})
    Document.objects.filter(pk=document.pk).update(texts={"text": "Où ?\r\n", "réponse": "👍🏽"})
    document.refresh_from_db()
    answer(document, bob, "Refund", "b", "a")

    assert freeze(project=project).sha256 == (
        "bea8ffe1675d6c0f2bdc4b22b92fd67d6358bd8e83bfb51aef5bcbe8e3e9457a"
    )


def test_spans_are_counted_by_label_and_split(db):
    project = make_project()
    make_question(project, "names", kind="span", labels=["PER", "LOC"], required=False)
    rows = [
        {
            "text": "Ann Bob Rome",
            "split": "train",
            "names": [
                {"start": 0, "end": 3, "label": "PER"},
                {"start": 4, "end": 7, "label": "PER"},
                {"start": 8, "end": 12, "label": "LOC"},
            ],
        },
        {"text": "Eve", "split": "test", "names": [{"start": 0, "end": 3, "label": "PER"}]},
        {"text": "nobody", "split": "test", "names": []},
    ]
    content = "".join(json.dumps(row) + "\n" for row in rows)
    assert imported(project, content, format="jsonl").rows_bad == 0

    (question,) = freeze(project=project).counts["questions"]

    assert question == {
        "name": "names",
        "kind": "span",
        "answered": {"train": 1, "test": 2},
        "labels": [
            {"name": "PER", "splits": {"train": 2, "test": 1}},
            {"name": "LOC", "splits": {"train": 1, "test": 0}},
        ],
    }


def test_freezing_twice_says_that_nothing_changed(project):
    answered(project, "a")
    first = freeze(project=project)

    with pytest.raises(Unchanged) as caught:
        freeze(project=project, comment="Again")

    assert caught.value.version == first
    assert project.dataset_versions.count() == 1


def test_versions_are_numbered_in_each_project(project):
    answered(project, "a")
    freeze(project=project)
    answered(project, "b")
    other = make_project()
    make_question(other)
    answered(other, "a")

    assert freeze(project=project).number == 2
    assert freeze(project=other).number == 1


def test_a_project_without_answers_cannot_be_frozen(project):
    make_documents(project, "a")

    with pytest.raises(NothingToFreeze):
        freeze(project=project)


def test_staged_documents_and_half_an_import_stay_out(project):
    source = imported(project, "text,topic\na,Refund\n")
    answered(project, "b", "c")
    project.documents.filter(texts={"text": "c"}).update(state="staged")
    type(source).objects.update(state="publishing")

    version = freeze(project=project)

    assert [line["texts"] for line in lines_of(version)[1:]] == [{"text": "b"}]


def test_disagreement_is_no_answer(project, bob, dora):
    project.overlap = 2
    project.save()
    one, two = make_documents(project, "a", "b")
    for document in (one, two):
        answer(document, bob, "Refund")
    answer(one, dora, "Praise")
    answer(two, dora, "Refund")

    assert [line["id"] for line in lines_of(freeze(project=project))[1:]] == ["D-2"]


def test_a_version_cannot_be_changed_or_deleted(project):
    answered(project, "a")
    version = freeze(project=project)

    version.comment = "Better"
    for act in (
        version.save,
        version.delete,
        DatasetVersion.objects.all().delete,
        lambda: DatasetVersion.objects.update(comment="Better"),
        lambda: DatasetVersion.objects.bulk_update([version], ["comment"]),
    ):
        with pytest.raises(Frozen):
            act()


@pytest.mark.parametrize(
    "spoil",
    [
        lambda path: path.write_bytes(path.read_bytes().replace(b"Refund", b"Praise")),
        lambda path: path.write_bytes(path.read_bytes()[:-1]),
        Path.unlink,
    ],
)
def test_a_damaged_file_is_never_read(project, spoil):
    answered(project, "a")
    version = freeze(project=project)
    verify(version)

    spoil(Path(version.file.path))

    with pytest.raises(DatasetDamaged, match="version 1"), contents_of(version):
        pass


def test_a_version_reads_back_as_records(project, bob):
    (document,) = make_documents(project, "a", meta={"b": [True, None]})
    answer(document, bob, "Refund")

    with contents_of(freeze(project=project)) as (definitions, records):
        (record,) = records

    assert definitions.text_fields == ("text",)
    assert (record.texts, record.meta) == ({"text": "a"}, {"b": [True, None]})
    assert (record.external_id, record.answers, record.split) == (
        "D-1",
        {"topic": ("Refund",)},
        "train",
    )


def test_the_job_makes_a_version_or_names_the_one_that_holds_the_same(project, alice):
    answered(project, "a")

    first = request_freeze(project=project, comment="One", author=alice)
    second = request_freeze(project=project, comment="Two", author=alice)

    for job in (first, second):
        job.refresh_from_db()
    assert first.result == {"version": 1}
    assert second.result == {"unchanged": 1}
    assert project.dataset_versions.get().author == alice


def test_the_job_fails_plainly_without_answers(project):
    job = request_freeze(project=project, comment="", author=None)

    job.refresh_from_db()
    assert (job.state, job.error) == (
        JobState.FAILED,
        "Nothing is answered yet, so there is nothing to freeze.",
    )


@pytest.mark.django_db(transaction=True)
def test_a_snapshot_does_not_see_what_others_write_meanwhile_nor_hold_them_up(project):
    make_documents(project, "a")

    with snapshot():
        before = project.documents.count()
        elsewhere(lambda: make_documents(project, "b"))
        during = project.documents.count()

    assert (before, during, project.documents.count()) == (1, 1, 2)


def elsewhere(act) -> None:
    """Do it in another thread, with its own connection."""
    from threading import Thread

    def run() -> None:
        try:
            act()
        finally:
            connection.close()

    thread = Thread(target=run)
    thread.start()
    thread.join(timeout=30)
    assert not thread.is_alive()
