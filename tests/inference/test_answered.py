from __future__ import annotations

import uuid

import pytest

from inference.answered import answered
from labeling.change_overlap import change_overlap
from labeling.merge_labels import merge_labels
from labeling.undo import undo
from projects.models import Document
from tests.factories import answer, make_documents

pytestmark = pytest.mark.django_db


def picks(project) -> dict[str, set[str]]:
    """Text to the names chosen for it, as fits see them."""
    documents, answers = answered(project)
    names = {label.pk: label.name for one in project.questions.all() for label in one.labels.all()}
    return {
        document.model_text: {names[pick] for of in answers[pk].values() for pick in of}
        for pk, document in documents.items()
    }


def test_one_answer_more_reads_one_document_more(project, bob, django_assert_num_queries):
    first, second = make_documents(project, "one", "two")
    answer(first, bob, "Refund")
    assert picks(project) == {"one": {"Refund"}}

    answer(second, bob, "Praise")

    # What is given; removals, surplus, questions; the new document, its questions and answers.
    with django_assert_num_queries(8):
        documents, _ = answered(project)
    assert list(documents) == [second.pk, first.pk]
    assert picks(project) == {"one": {"Refund"}, "two": {"Praise"}}


def test_nothing_new_reads_no_document(project, bob, django_assert_num_queries):
    answer(*make_documents(project, "one"), bob, "Refund")
    answered(project)

    with django_assert_num_queries(4):
        answered(project)


def test_a_changed_answer_and_one_taken_back_are_seen(project, bob):
    [document] = make_documents(project, "one")
    first = answer(document, bob, "Refund").event
    picks(project)

    answer(document, bob, "Praise", replaces=first)
    assert picks(project) == {"one": {"Praise"}}
    undo(project=project, annotator=bob, client_id=uuid.uuid4())
    assert picks(project) == {"one": {"Refund"}}
    undo(project=project, annotator=bob, client_id=uuid.uuid4())
    assert picks(project) == {}


def test_a_merge_is_seen(project, question, bob, alice):
    answer(*make_documents(project, "one"), bob, "Refund")
    picks(project)
    source, target = question.labels.get(name="Refund"), question.labels.get(name="Praise")

    merge_labels(source=source, target=target, owner=alice, tell=lambda _: None)

    assert picks(project) == {"one": {"Praise"}}


def test_another_number_wanted_is_seen(project, bob, dora):
    project.overlap = 2
    project.save(update_fields=["overlap"])
    documents = make_documents(project, "one")
    answer(documents[0], bob, "Refund")
    answer(documents[0], dora, "Praise")
    assert picks(project) == {"one": set()}  # they disagree

    project.overlap = 1
    project.save(update_fields=["overlap"])
    change_overlap(project=project, documents=documents)

    assert picks(project) == {"one": {"Refund"}}


@pytest.mark.parametrize("split", ["", "train", "test", "calibration"])
@pytest.mark.parametrize("reserved", [True, False])
@pytest.mark.parametrize("coin", [0.1, 0.9])
@pytest.mark.parametrize("drawn", [True, False])
def test_rows_that_are_not_blind_are_of_documents_that_are_not(
    project, split, reserved, coin, drawn
):
    [document] = make_documents(
        project,
        "one",
        imported_split=split,
        in_reserve=reserved,
        display_coin=coin,
        is_drawn=drawn,
    )

    assert Document.objects.not_blind().exists() is not document.is_blind
