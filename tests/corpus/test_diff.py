"""What differs between two dataset versions: told exactly, document by document."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from corpus.models import DatasetVersion
from corpus.record import Record
from corpus.versions import canonical
from corpus.versions.canonical import Definitions, LabelDefinition, QuestionDefinition
from corpus.versions.diff import compared, path_of, request_compare
from corpus.versions.freeze import DatasetDamaged, freeze
from projects.models import Document, JobState
from tests.factories import answer, make_documents, make_label, make_question

pytestmark = pytest.mark.django_db


def changes_of(old: DatasetVersion, new: DatasetVersion, part: str = "") -> dict[str, tuple]:
    """Id to what differs."""
    with compared(old, new) as diff:
        return {
            (change.new or change.old).external_id: change.parts for change in diff.changes(part)
        }


def figures_of(old: DatasetVersion, new: DatasetVersion) -> dict:
    with compared(old, new) as diff:
        return diff.summary


@pytest.fixture
def versions(project, bob):
    """Version 1: D-1 Refund, D-2 Praise, D-3 Refund. Version 2: see the tests."""
    one, two, three, four = make_documents(project, "a", "b", "c", "d")
    answer(one, bob, "Refund")
    first = answer(two, bob, "Praise")
    answer(three, bob, "Refund")
    old = freeze(project=project)
    answer(two, bob, "Refund", replaces=first.event)
    answer(four, bob, "Late delivery")
    Document.objects.filter(pk=one.pk).update(imported_split="test", meta={"n": 1})
    Document.objects.filter(pk=three.pk).update(state="staged")
    return old, freeze(project=project)


def test_each_document_is_told_with_what_differs(versions):
    assert changes_of(*versions) == {
        "D-1": ("split", "meta"),
        "D-2": ("answers",),
        "D-3": ("removed",),
        "D-4": ("added",),
    }


def test_the_way_back_is_the_other_way_round(versions):
    assert changes_of(*reversed(versions)) == {
        "D-1": ("split", "meta"),
        "D-2": ("answers",),
        "D-3": ("added",),
        "D-4": ("removed",),
    }


def test_one_kind_of_difference_can_be_asked_for(versions):
    assert changes_of(*versions, "answers") == {"D-2": ("answers",)}


def test_the_figures_add_up_by_label(versions):
    figures = figures_of(*versions)

    assert figures["documents"] == {
        "before": 3,
        "after": 3,
        "added": 1,
        "removed": 1,
        "text": 0,
        "answers": 1,
        "split": 1,
        "meta": 1,
    }
    assert figures["split_moves"] == [{"from": "train", "to": "test", "documents": 1}]
    assert figures["questions"] == [
        {
            "name": "topic",
            "kind": "choice",
            "answers": {"before": 3, "after": 3, "added": 1, "removed": 1, "changed": 1},
            "labels": [
                {"name": "Late delivery", "before": 0, "after": 1, "added": 1, "removed": 0},
                {"name": "Praise", "before": 1, "after": 0, "added": 0, "removed": 1},
                {"name": "Refund", "before": 2, "after": 2, "added": 1, "removed": 1},
            ],
        }
    ]


def test_pages_of_the_differing_documents_are_in_the_order_of_their_ids(versions):
    with compared(*versions) as diff:
        pages = [list(diff.changes(first=first, most=2)) for first in (0, 2, 4)]
        assert diff.count() == 4

    ids = [[(each.new or each.old).external_id for each in page] for page in pages]
    assert ids == [["D-1", "D-2"], ["D-3", "D-4"], []]


def test_a_changed_text_under_the_same_id_is_told(project, bob):
    (one,) = make_documents(project, "a")
    answer(one, bob, "Refund")
    old = freeze(project=project)
    Document.objects.filter(pk=one.pk).update(texts={"text": "a "})

    assert changes_of(old, freeze(project=project)) == {"D-1": ("text",)}


def test_changed_definitions_are_told(project, bob):
    (one,) = make_documents(project, "a")
    answer(one, bob, "Refund")
    question = project.questions.get()
    old = freeze(project=project)
    question.labels.filter(name="Praise").delete()
    question.labels.filter(name="Refund").update(description="Money back")
    make_label(question, "Damaged")
    make_question(project, "tone", labels=["Calm"], required=False)
    project.questions.filter(name="topic").update(required=False)

    assert figures_of(old, freeze(project=project))["definitions"] == [
        {"what": "question", "of": "", "name": "tone", "change": "added"},
        {
            "what": "required",
            "of": "topic",
            "name": "required",
            "change": "changed",
            "was": True,
            "now": False,
        },
        {"what": "label", "of": "topic", "name": "Damaged", "change": "added"},
        {"what": "label", "of": "topic", "name": "Praise", "change": "removed"},
        {
            "what": "label",
            "of": "topic",
            "name": "Refund",
            "change": "described anew",
            "was": "About refund.",
            "now": "Money back",
        },
    ]


def test_documents_without_ids_are_matched_by_text(project, bob):
    one, two, three = make_documents(project, "same", "same", "other")
    Document.objects.update(external_id="")
    first = answer(one, bob, "Praise")
    answer(two, bob, "Refund")
    answer(three, bob, "Refund")
    old = freeze(project=project)
    answer(one, bob, "Late delivery", replaces=first.event)
    new = freeze(project=project)

    with compared(old, new) as diff:
        (change,) = diff.changes()

    assert change.parts == ("answers",)
    assert (change.old.answers, change.new.answers) == (
        {"topic": ("Praise",)},
        {"topic": ("Late delivery",)},
    )


def test_the_index_keeps_neither_texts_nor_ids(project, bob):
    one, two = make_documents(project, "secret words", "b")
    Document.objects.filter(pk=one.pk).update(external_id="secret-id")
    answer(one, bob, "Refund")
    old = freeze(project=project)
    answer(two, bob, "Refund")
    Document.objects.filter(pk=one.pk).update(imported_split="test")
    new = freeze(project=project)

    assert len(changes_of(old, new)) == 2
    assert b"secret" not in path_of(old, new).read_bytes()


@pytest.mark.parametrize("spoiled", [0, 1])
def test_a_damaged_version_is_not_compared(versions, spoiled):
    version = versions[spoiled]
    changes_of(*versions)
    with Path(version.file.path).open("ab") as file:
        file.write(b"x")

    with pytest.raises(DatasetDamaged, match=f"version {version.number}"):
        changes_of(*versions)


def test_the_job_makes_the_index(versions, alice):
    job = request_compare(old=versions[0], new=versions[1], author=alice)

    job.refresh_from_db()
    assert job.state == JobState.DONE
    assert path_of(*versions).exists()


def test_the_job_says_that_a_version_is_gone(versions, alice):
    versions[0].file.storage.delete(versions[0].file.name)

    job = request_compare(old=versions[0], new=versions[1], author=alice)

    job.refresh_from_db()
    assert (job.state, job.error) == (JobState.FAILED, "The file of version 1 is missing.")


DEFINITIONS = Definitions(
    ("text",),
    (
        QuestionDefinition(
            "topic", "choice", multiple=True, required=False, labels=(LabelDefinition("a", ""),)
        ),
    ),
)
records = st.builds(
    Record,
    external_id=st.sampled_from(["", "", "x", "y", "z", "é"]),
    texts=st.fixed_dictionaries({"text": st.sampled_from(["one", "two", "👍🏽\r\n"])}),
    answers=st.dictionaries(
        st.just("topic"), st.lists(st.sampled_from("ab"), unique=True).map(tuple)
    ),
    split=st.sampled_from(["train", "test"]),
)


def unique(content: list[Record]) -> list[Record]:
    """No id twice, as in a project."""
    return [
        record
        for place, record in enumerate(content)
        if not record.external_id
        or record.external_id not in {before.external_id for before in content[:place]}
    ]


@settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    old=st.lists(records, min_size=1, max_size=8).map(unique),
    new=st.lists(records, min_size=1, max_size=8).map(unique),
)
def test_the_changes_lead_from_one_version_to_the_other(db, old, new):
    """Taking the changes to the old version gives the new one, whatever the two hold."""
    from tests.factories import make_project

    project = make_project()
    versions = [version_of(project, content) for content in (old, new)]

    with compared(*versions) as diff:
        result = sorted(map(plain, old))
        for change in diff.changes():
            assert change.parts
            if change.old:
                result.remove(plain(change.old))
            if change.new:
                result.append(plain(change.new))
        figures = diff.summary

    assert sorted(result) == sorted(map(plain, new))
    for counts in [
        figures["documents"],
        *(each["answers"] for each in figures["questions"]),
        *(label for each in figures["questions"] for label in each["labels"]),
    ]:
        assert counts["before"] + counts["added"] - counts["removed"] == counts["after"]


def plain(record: Record) -> str:
    answers = {name: sorted(labels) for name, labels in record.answers.items()}
    return json.dumps([record.external_id, record.texts, answers, record.split])


def version_of(project, content: list[Record]) -> DatasetVersion:
    """A version that holds just this."""
    import hashlib

    from django.core.files.base import ContentFile

    out = io.BytesIO()
    canonical.write(DEFINITIONS, content, out)
    data = out.getvalue()
    version = DatasetVersion(
        project=project,
        number=project.dataset_versions.count() + 1,
        sha256=hashlib.sha256(data).hexdigest(),
        size=len(data),
        documents=len(content),
        counts={},
    )
    version.file.save("", ContentFile(data), save=False)
    version.save()
    return version
