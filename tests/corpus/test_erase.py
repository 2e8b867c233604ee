import json
import uuid
from pathlib import Path

import pytest
from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.contenttypes.models import ContentType

from corpus.erase import CannotErase, consequences_of, erase
from corpus.exports.exporting import Options, request_export
from corpus.models import Export, Import, ImportProblem, Redaction
from corpus.versions.freeze import DatasetErased, Unchanged, contents_of, freeze
from inference.models import ModelVersion, Suggestion, Vector
from inference.vectors import recent
from labeling.delete_documents import restore_documents
from labeling.models import Annotation, Answer, Draft, Event, EventKind, Exposure
from labeling.queue import lease_next
from labeling.skip import SkipReason, skip
from labeling.spans import Span
from labeling.submit import Submission, submit
from projects.models import Document, DocumentState, Job
from tests.factories import answer, make_documents, make_project, make_question

pytestmark = pytest.mark.django_db(transaction=True)

SECRET = "Agent Zorblax lives in Quux Street"


@pytest.fixture
def spans(project):
    return make_question(project, "who", kind="span", labels=["PER"], required=False)


@pytest.fixture
def document(project, spans):
    project.overlap = 2
    project.save(update_fields=["overlap"])
    [document] = make_documents(project, SECRET, meta={"from": "Zorblax"})
    return document


def submission():
    return Submission(client_id=uuid.uuid4())


def erase_it(document, owner, client_id=None):
    return erase(
        document=document, owner=owner, reason="Asked for", client_id=client_id or uuid.uuid4()
    )


def answer_with_span(document, annotator):
    [topic, who] = document.project.questions.all()
    return submit(
        document=document,
        annotator=annotator,
        chosen={
            topic.pk: [topic.labels.first().pk],
            who.pk: [Span("text", 6, 13, who.labels.get().pk)],
        },
        submission=submission(),
    ).event


def everything_in(tmp_path):
    return b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())


def whole_database():
    """Every value of every row, as text."""
    from django.apps import apps

    return "\n".join(
        json.dumps(
            list(model._base_manager.values_list()),
            default=lambda value: (
                bytes(value).decode("latin-1")
                if isinstance(value, bytes | memoryview)
                else str(value)
            ),
            ensure_ascii=False,
        )
        for model in apps.get_models()
    )


@pytest.fixture
def full(project, document, spans, alice, bob, dora, settings, tmp_path):
    """The document with everything that could quote it."""
    settings.MEDIA_ROOT = tmp_path
    answer_with_span(document, bob)
    skip(
        document=document,
        annotator=dora,
        reason=SkipReason.OTHER,
        note="I know Zorblax",
        submission=submission(),
    )
    Draft.objects.create(
        document=document, annotator=alice, client_id=uuid.uuid4(), payload={"note": "Zorblax"}
    )
    item = {"label": spans.labels.get().pk, "score": 0.5, "offered": True, "quote": "Zorblax"}
    Exposure.objects.create(document=document, annotator=bob, question=spans, items=[item])
    model = ModelVersion.objects.create(
        project=project, question=spans, name="live", number=1, kind="live"
    )
    Suggestion.objects.create(
        document=document, question=spans, model_version=model, version="1", items=[item]
    )
    Vector.objects.create(text_hash=document.text_hash, encoder="e", values=b"abcd")
    document.imported_predictions.create(
        question=spans, label=spans.labels.get(), field="text", start=6, end=13
    )
    source = Import.objects.create(
        project=project, file_name="a.csv", sha256="0" * 64, size=1, format="csv"
    )
    LogEntry.objects.create(
        user=alice,
        content_type=ContentType.objects.get_for_model(Document),
        object_id=str(document.pk),
        object_repr="Zorblax",
        action_flag=CHANGE,
    )
    for raw in (f'D-1,"{SECRET}"', "D-9,harmless"):
        ImportProblem.objects.create(source=source, row=2, message="Twice.", raw=raw)
    return document


def test_no_word_of_it_is_left_in_the_database_or_on_disk(
    full, project, alice, bob, tmp_path, django_capture_on_commit_callbacks
):
    [other] = make_documents(project, "Another text")
    answer(other, bob, "Praise")
    freeze(project=project, author=alice)
    export = request_export(project=project, options=Options(format="jsonl"), created_by=alice)
    export.refresh_from_db()
    assert export.file
    assert b"Zorblax" in everything_in(tmp_path)
    assert "Zorblax" in whole_database()
    old_hash = full.text_hash

    erase_it(full, alice)

    assert b"Zorblax" not in everything_in(tmp_path)
    database = whole_database()
    assert "Zorblax" not in database
    assert old_hash not in database
    assert b"Another text" in everything_in(tmp_path)


def test_a_tombstone_says_who_did_what_and_when(full, alice, bob, dora):
    before = list(Event.objects.values_list("pk", "actor", "kind", "created_at").order_by("pk"))

    event = erase_it(full, alice)

    full.refresh_from_db()
    assert (full.state, full.texts, full.meta) == (DocumentState.ERASED, {"text": ""}, {})
    assert full.external_id == ""
    assert (event.kind, event.actor, event.payload) == (
        EventKind.ERASE,
        alice,
        {"reason": "Asked for"},
    )
    kept = Event.objects.exclude(pk=event.pk).order_by("pk")
    assert list(kept.values_list("pk", "actor", "kind", "created_at")) == before
    assert all(each.payload["redacted"] for each in kept)
    assert {a.annotator for a in Annotation.objects.filter(state="submitted")} == {bob}
    assert not Answer.objects.exists()


def test_it_is_in_no_queue_count_or_list_any_more(full, project, alice, dora):
    erase_it(full, alice)

    assert lease_next(project=project, annotator=alice) is None
    assert project.documents.published().count() == 0
    assert restore_documents(project=project, documents=[full.pk], owner=alice) == 0


def test_a_dataset_that_held_it_loses_its_file_and_gets_a_successor(
    full, project, alice, bob, settings, tmp_path
):
    [other] = make_documents(project, "Another text")
    answer(other, bob, "Praise")
    version = freeze(project=project, author=alice)
    path = Path(version.file.path)
    held = consequences_of(full)
    assert [each.number for each in held.versions] == [1]

    erase_it(full, alice)

    redaction = Redaction.objects.get()
    successor = redaction.successor
    assert (redaction.dataset_version, redaction.reason) == (version, "Asked for")
    assert not path.exists()
    assert (successor.number, successor.documents) == (2, 1)
    assert successor.comment == "Version 1 without a document that was erased."
    with contents_of(successor) as (_, records):
        assert [record.texts for record in records] == [{"text": "Another text"}]
    with pytest.raises(DatasetErased, match="Version 2 holds the rest"), contents_of(version):
        pass
    with pytest.raises(Unchanged):
        freeze(project=project, author=alice)


def test_a_dataset_of_that_document_alone_gets_no_successor(full, project, alice):
    freeze(project=project, author=alice)

    erase_it(full, alice)

    assert Redaction.objects.get().successor is None
    assert project.dataset_versions.count() == 1


def test_a_dataset_that_never_held_it_stays(full, project, alice, bob):
    project.documents.filter(pk=full.pk).update(state="deleted")
    [other] = make_documents(project, "Another text")
    answer(other, bob, "Praise")
    version = freeze(project=project, author=alice)
    project.documents.filter(pk=full.pk).update(state="open")

    erase_it(full, alice)

    assert not Redaction.objects.exists()
    assert Path(version.file.path).exists()


def test_of_two_that_look_the_same_only_one_goes(project, spans, alice, bob, settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path
    one, two = make_documents(project, "Same words", "Same words")
    project.documents.update(external_id="")
    for document in (one, two):
        answer(document, bob, "Praise")
    freeze(project=project, author=alice)
    one.refresh_from_db()
    assert consequences_of(one).same_text == 1

    erase_it(one, alice)

    successor = Redaction.objects.get().successor
    assert successor.documents == 1


def test_exports_that_may_hold_it_lose_their_file_and_say_so(client_of, full, project, alice):
    request_export(project=project, options=Options(format="csv"), created_by=alice)
    export = Export.objects.get()
    path = Path(export.file.path)
    assert consequences_of(full).exports == 1

    erase_it(full, alice)

    export.refresh_from_db()
    assert not export.file
    assert export.is_erased
    assert not path.exists()
    client = client_of(alice)
    words = "A document that it may hold was erased since."
    assert words in client.get("/projects/tickets/exports/").content.decode()
    gone = client.get(f"/projects/tickets/exports/{export.pk}/file", follow=True)
    assert gone.redirect_chain == [("/projects/tickets/exports/", 302)]
    assert "a document that it may hold was erased. Export again." in gone.content.decode()


def test_rows_of_import_reports_that_quote_it_are_emptied(full, alice):
    erase_it(full, alice)

    assert list(ImportProblem.objects.order_by("pk").values_list("raw", flat=True)) == [
        "",
        "D-9,harmless",
    ]


def test_the_vector_of_a_text_that_another_document_has_stays(full, alice):
    elsewhere = make_project(slug="elsewhere")
    make_documents(elsewhere, SECRET)

    erase_it(full, alice)

    assert Vector.objects.exists()
    assert not Suggestion.objects.exists()


def test_the_memory_of_this_process_forgets_the_vector(full, alice):
    recent.put("e", full.text_hash, "a vector")
    recent.put("e", "other", "another")

    erase_it(full, alice)

    assert recent.get("e", full.text_hash) is None
    assert recent.get("e", "other") == "another"
    recent.clear()


def test_sent_twice_it_erases_once(full, alice):
    client_id = uuid.uuid4()
    first = erase_it(full, alice, client_id)

    assert erase_it(full, alice, client_id) == first
    full.refresh_from_db()
    with pytest.raises(CannotErase, match="erased already"):
        erase_it(full, alice)


def test_nothing_is_erased_while_a_file_is_being_written(full, project, alice):
    Job.objects.create(project=project, kind="export_documents")

    with pytest.raises(CannotErase, match="may hold this document"):
        erase_it(full, alice)

    full.refresh_from_db()
    assert full.texts == {"text": SECRET}


def test_an_answer_that_comes_too_late_is_refused(full, alice, bob):
    erase_it(full, alice)

    with pytest.raises(Exception, match="erased meanwhile"):
        answer_with_span(full, bob)


def test_the_page_says_what_goes_and_asks_for_the_id(client_of, full, project, alice):
    freeze(project=project, author=alice)
    client = client_of(alice)
    url = f"/projects/tickets/documents/{full.pk}/erase"

    page = client.get(url).content.decode()
    assert "1 answer to it, 1 draft" in page
    assert 'The file of dataset version <a href="/projects/tickets/datasets/1/">1</a>' in page
    wrong = client.post(url, {"client_id": uuid.uuid4(), "confirm": "D-2"})
    assert wrong.status_code == 422
    assert "Nothing was erased: type D-1 to confirm." in wrong.content.decode()
    full.refresh_from_db()
    assert full.state != DocumentState.ERASED

    done = client.post(
        url, {"client_id": uuid.uuid4(), "confirm": " D-1 ", "reason": "Asked for"}, follow=True
    )

    assert done.redirect_chain == [(f"/projects/tickets/documents/{full.pk}/", 302)]
    words = done.content.decode()
    assert "This document was erased." in words
    assert "Zorblax" not in words
    assert "skipped it" in words
    assert client.get(url).status_code == 404


def test_a_file_that_is_gone_is_not_handed_out(client_of, full, project, alice):
    freeze(project=project, author=alice)
    erase_it(full, alice)

    response = client_of(alice).get("/projects/tickets/datasets/1/file", follow=True)

    assert response.redirect_chain == [("/projects/tickets/datasets/1/", 302)]
    assert "held a document that was erased" in response.content.decode()
