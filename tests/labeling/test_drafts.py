import uuid

import pytest

from labeling.drafts import save_draft
from labeling.models import Draft
from labeling.sheet import sheet_for
from tests.factories import answer, make_documents

pytestmark = pytest.mark.django_db


@pytest.fixture
def document(project):
    return make_documents(project, count=1)[0]


def save(document, annotator, chosen, *, client_id, sequence):
    return save_draft(
        document=document,
        annotator=annotator,
        client_id=client_id,
        sequence=sequence,
        chosen=chosen,
    )


def test_a_draft_comes_back_on_the_sheet(document, bob, question):
    label = question.labels.first()
    client_id = uuid.uuid4()

    save(document, bob, {question.pk: [label.pk]}, client_id=client_id, sequence=3)

    sheet = sheet_for(document, bob)
    assert sheet.restored
    assert sheet.client_id == client_id
    assert sheet.draft_sequence == 3
    assert [row.chosen for row in sheet.questions[0].labels] == [True, False, False]


def test_an_older_draft_that_arrives_late_changes_nothing(document, bob, question):
    client_id = uuid.uuid4()
    save(document, bob, {question.pk: [2]}, client_id=client_id, sequence=2)

    assert not save(document, bob, {question.pk: [1]}, client_id=client_id, sequence=1)

    assert Draft.objects.get().payload == {str(question.pk): [2]}


def test_a_draft_of_a_submitted_answer_is_ignored(document, bob):
    client_id = uuid.uuid4()
    answer(document, bob, "Refund", client_id=client_id)

    assert not save(document, bob, {}, client_id=client_id, sequence=9)

    assert not Draft.objects.exists()


def test_drafts_are_personal(document, bob, dora, question):
    save(document, bob, {question.pk: [1]}, client_id=uuid.uuid4(), sequence=1)

    assert not sheet_for(document, dora).restored
