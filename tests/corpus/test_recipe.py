"""What a version is asked to hold: whose answers, of which documents, in which split."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from django.utils import timezone

from corpus.exports.exporting import write_export
from corpus.exports.options import CannotExport, Options
from corpus.versions.diff import compared
from corpus.versions.freeze import NothingToFreeze, contents_of, freeze
from corpus.versions.recipe import Recipe, in_words
from labeling.matching import BadFilter, Words
from labeling.models import Annotation
from projects.models import Document
from tests.factories import answer, make_documents

pytestmark = pytest.mark.django_db


def records_of(version):
    with contents_of(version) as (_, records):
        return list(records)


def held(project, **filters):
    version = freeze(project=project, recipe=Recipe(filters=filters))
    return {record.external_id: record.answers["topic"] for record in records_of(version)}


@pytest.fixture
def said(project, bob, dora):
    """Five documents: both agree, they disagree, Bob alone, Dora alone and blind, nobody."""
    project.overlap = 2
    project.save()
    documents = make_documents(project, "a", "b", "c", "d", "e")
    Document.objects.filter(pk=documents[3].pk).update(imported_split="test")
    for document, label in zip(documents[:3], ("Refund", "Praise", "Refund"), strict=True):
        answer(document, bob, label)
    for document, label in zip(documents[:2], ("Refund", "Refund"), strict=True):
        answer(document, dora, label)
    answer(documents[3], dora, "Praise")
    return documents


def test_without_filters_it_holds_what_has_a_result(project, said):
    assert held(project) == {"D-1": ("Refund",), "D-3": ("Refund",), "D-4": ("Praise",)}


def test_only_these_peoples_answers_count(project, said, bob):
    """What others said is left out as if it had not been given, so Bob's word stands on D-2."""
    only_bob = {"D-1": ("Refund",), "D-2": ("Praise",), "D-3": ("Refund",)}

    assert held(project, annotators=str(bob.pk)) == only_bob


def test_only_done_documents(project, said):
    """D-2 is done as well, but has no result."""
    assert set(held(project, state="done")) == {"D-1"}


def test_with_or_without_blind_documents(project, said):
    assert set(held(project, blind="without")) == {"D-1", "D-3"}
    assert set(held(project, blind="only")) == {"D-4"}


def test_only_answers_of_some_days(project, said, bob):
    Annotation.objects.filter(annotator=bob).update(finished_at=timezone.now() - timedelta(days=9))
    yesterday = str((timezone.now() - timedelta(days=1)).date())

    assert set(held(project, since=yesterday)) == {"D-1", "D-2", "D-4"}
    assert set(held(project, until=yesterday)) == {"D-1", "D-2", "D-3"}


def test_only_where_several_people_said_the_same(project, said):
    assert set(held(project, agreed="all")) == {"D-1"}
    assert set(held(project, agreed="yes")) == {"D-1", "D-3", "D-4"}


@pytest.mark.parametrize(
    ("recipe", "message"),
    [
        (Recipe(filters={"colour": "red"}), "There is no filter “colour”"),
        (Recipe(filters={"state": "open"}), "“open” is no state"),
        (Recipe(filters={"annotators": "0"}), "Nobody with the number 0"),
        (Recipe(filters={"since": "yesterday"}), "is no date"),
        (Recipe(validation=31), "from 0 to 30"),
        (Recipe(answers="mine"), "are no answers"),
    ],
)
def test_what_cannot_be_meant_is_refused(project, said, recipe, message):
    with pytest.raises(BadFilter, match=message):
        freeze(project=project, recipe=recipe)
    assert not project.dataset_versions.exists()


def test_filters_that_leave_nothing_say_so(project, said):
    with pytest.raises(NothingToFreeze, match="passes these filters"):
        held(project, since="2999-01-01")


def test_the_version_remembers_its_recipe_and_says_it_in_words(project, said, bob):
    recipe = Recipe(filters={"annotators": str(bob.pk), "state": "done"}, validation=20)

    version = freeze(project=project, recipe=recipe)

    assert Recipe(**version.recipe) == recipe
    assert in_words(recipe, Words(project)) == [
        "only answers of bob",
        "documents that are done",
    ]
    assert version.card["filters"] == ["only answers of one person", "documents that are done"]


def splits_of(version):
    return {record.texts["text"]: record.split for record in records_of(version)}


def test_validation_is_a_stable_share_by_hash(project, bob):
    texts = [f"Text {n}" for n in range(300)]
    for document in make_documents(project, *texts):
        answer(document, bob, "Refund")

    ten = splits_of(freeze(project=project, recipe=Recipe(validation=10)))
    twenty = splits_of(freeze(project=project, recipe=Recipe(validation=20)))

    kept = {text for text, split in ten.items() if split == "validation"}
    assert 15 <= len(kept) <= 45
    assert kept < {text for text, split in twenty.items() if split == "validation"}


def test_equal_texts_share_a_split_and_imported_splits_stay(project, bob):
    twice = make_documents(project, "Text 5", "Text 5")
    came = make_documents(project, "Text 5", imported_split="train")
    for document in (*twice, *came):
        Document.objects.filter(pk=document.pk).update(text_hash="0" * 64)
        answer(document, bob, "Refund")

    records = records_of(freeze(project=project, recipe=Recipe(validation=10)))

    assert [record.split for record in records] == ["validation", "validation", "train"]


def test_a_text_of_a_blind_document_is_never_learned_from(project, bob):
    """Even where the blind one is not answered yet: it will be asked one day."""
    make_documents(project, "Exam", imported_split="test")
    for document in make_documents(project, "Exam", "Lesson"):
        answer(document, bob, "Refund")

    version = freeze(project=project, recipe=Recipe(validation=30))

    assert [record.texts["text"] for record in records_of(version)] == ["Lesson"]
    assert version.card["left_out_equal_to_blind"] == 1


def test_blind_documents_are_never_for_training_or_validation(project, bob):
    blind = {"in_reserve": True, "display_coin": 0.1}
    for document in make_documents(project, count=40):
        Document.objects.filter(pk=document.pk).update(**blind)
        answer(document, bob, "Refund")

    splits = splits_of(freeze(project=project, recipe=Recipe(validation=30))).values()

    assert set(splits) == {"test", "calibration"}


@pytest.fixture
def everyone(project, said):
    return freeze(project=project, recipe=Recipe(answers="everyone"))


def test_a_version_may_hold_what_each_person_said_under_pseudonyms(everyone, bob, dora):
    people = {record.external_id: record.people for record in records_of(everyone)}

    assert everyone.people == {"a1": bob.pk, "a2": dora.pk}
    assert people == {
        "D-1": {"a1": {"topic": ("Refund",)}, "a2": {"topic": ("Refund",)}},
        "D-2": {"a1": {"topic": ("Praise",)}, "a2": {"topic": ("Refund",)}},
        "D-3": {"a1": {"topic": ("Refund",)}},
        "D-4": {"a2": {"topic": ("Praise",)}},
    }
    with everyone.file.open("rb") as file:
        content = file.read()
    assert json.loads(content.splitlines()[0])["number"] == 3
    assert b"bob" not in content
    assert b"dora" not in content


def test_pseudonyms_stay_with_their_people(project, everyone, said, dora):
    (document,) = make_documents(project, "f")
    answer(document, dora, "Refund")

    version = freeze(
        project=project, recipe=Recipe(answers="everyone", filters={"annotators": str(dora.pk)})
    )

    assert version.people == everyone.people
    assert {name for record in records_of(version) for name in record.people} == {"a2"}


def test_a_version_with_people_compares_with_one_without(project, said, everyone):
    """Only the document without a result came; that people are told is no change of answers."""
    plain = freeze(project=project)

    with compared(plain, everyone) as diff:
        found = [(change.parts, change.new.external_id) for change in diff.changes()]
        counts = diff.summary["documents"]

    assert found == [(("added",), "D-2")]
    assert (counts["before"], counts["after"], counts["answers"]) == (3, 4, 0)


def test_another_word_of_one_person_is_a_changed_answer(project, said, everyone, bob):
    Annotation.objects.filter(document=said[2], annotator=bob).update(surplus=True)
    Annotation.objects.filter(document=said[0], annotator=bob).update(surplus=True)

    later = freeze(project=project, recipe=Recipe(answers="everyone"))

    with compared(everyone, later) as diff:
        found = {change.parts for change in diff.changes()}
        assert diff.count("answers") == 1
    assert found == {("answers",), ("removed",)}


def exported(version, tmp_path, **options):
    path = tmp_path / "out"
    with path.open("wb") as out:
        write_export(out, project=version.project, dataset=version, options=Options(**options))
    return path.read_text()


def test_each_persons_answers_of_a_version_are_exported(everyone, tmp_path):
    rows = exported(everyone, tmp_path, format="jsonl", answers="everyone").splitlines()

    said = [(row["document"], row["annotator"], row["topic"]) for row in map(json.loads, rows)]
    assert said == [
        ("D-1", "a1", "Refund"),
        ("D-1", "a2", "Refund"),
        ("D-2", "a1", "Praise"),
        ("D-2", "a2", "Refund"),
        ("D-3", "a1", "Refund"),
        ("D-4", "a2", "Praise"),
    ]


def test_a_version_without_people_refuses_to_tell_them(project, said, tmp_path):
    with pytest.raises(CannotExport, match="not who said it"):
        exported(freeze(project=project), tmp_path, format="jsonl", answers="everyone")


@pytest.mark.parametrize("name", ["csv", "json", "jsonl", "txt"])
def test_every_format_takes_a_version_with_people_and_validation(project, everyone, tmp_path, name):
    assert "c" in exported(everyone, tmp_path, format=name)
