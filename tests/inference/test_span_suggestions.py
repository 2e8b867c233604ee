"""Span questions live: from an answer to the marks that the next page is sent."""

from __future__ import annotations

import json
import uuid
from dataclasses import replace

import numpy as np
import pytest
from asgiref.sync import sync_to_async as in_db
from django.core.management import call_command

from corpus.erase import erase
from inference import learning, live, opening, suggesting, vectors
from inference.batcher import Batcher
from inference.encoders.fake_engine import FakeEngine
from inference.encoding import encode_later
from inference.models import ModelVersion, Suggestion, Vector, WordStates
from inference.spans import word_memory
from labeling.delete_documents import delete_documents
from labeling.models import Annotation
from labeling.skip import SkipReason, skip
from labeling.spans import Span
from labeling.submit import Submission, submit
from projects.models import Project
from tests.factories import make_documents, make_question
from tests.inference.test_consumers import BLIND, Tab, stored

TEXT = "today Ada went to Paris again"


@pytest.fixture
def names(project, question):
    question.delete()
    return make_question(project, "names", labels=["Person", "Place"], kind="span", required=False)


@pytest.fixture
def mark(names, bob):
    """Have bob answer a document with these quotes: {quote: label}."""

    def answered(document, quotes: dict[str, str], field="text", by=bob):
        labels = dict(names.labels.values_list("name", "pk"))
        text = document.texts[field]
        spans = [
            Span(field, text.index(quote), text.index(quote) + len(quote), labels[label])
            for quote, label in quotes.items()
        ]
        submission = Submission(client_id=uuid.uuid4())
        return submit(
            document=document, annotator=by, chosen={names.pk: spans}, submission=submission
        )

    return answered


def suggested(project, document, serving) -> list[dict]:
    """What the document's page would be sent for the only question."""
    heads = live.refresh(project)
    needs = opening.needs_of(heads)
    opened = opening.known_of(document, serving.engine.name, needs)
    words = {}
    for _, text in document.fields():
        [reading] = serving.batcher.read_all([text])
        words[text] = word_memory.words_of(text, reading.states)
    [one] = suggesting.suggest(replace(opened, words=words), heads)
    return one.items


def quotes(document, items) -> list[str]:
    return [document.texts[item["field"]][item["start"] : item["end"]] for item in items]


def test_one_answer_is_enough_to_be_found_again(project, names, mark, serving):
    first, second = make_documents(project, TEXT, "so Ada came")
    mark(first, {"Ada": "Person"})

    items = [item for item in suggested(project, second, serving) if item["offered"]]

    assert quotes(second, items) == ["Ada"]
    assert items[0]["label"] == names.labels.get(name="Person").pk
    assert items[0].keys() == {"label", "score", "offered", "field", "start", "end"}


def test_several_fields_are_read_each_by_itself(project, names, mark, serving):
    project.text_fields = ["title", "body"]
    project.save(update_fields=["text_fields"])
    first, second = make_documents(
        project,
        {"title": "About Ada", "body": "She was in Paris"},
        {"title": "Ada again", "body": "Paris, then Ada"},
    )
    mark(first, {"Ada": "Person"}, field="title")

    items = [item for item in suggested(project, second, serving) if item["score"] > 0.5]

    assert [(item["field"], item["start"]) for item in items] == [("title", 0), ("body", 12)]


def test_an_answer_without_spans_teaches_what_to_leave_alone(project, mark, serving):
    documents = make_documents(project, TEXT, *["Ada again"] * 8)
    mark(documents[0], {"Ada": "Person"})
    for document in documents[1:8]:
        mark(document, {})

    assert [item for item in suggested(project, documents[8], serving) if item["offered"]] == []
    assert ModelVersion.objects.get().parameters["answers"] == 8
    assert ModelVersion.objects.get().parameters["spans"] == 1


def test_an_answer_that_says_nothing_of_the_spans_teaches_nothing(project, names, mark, serving):
    [document] = make_documents(project, TEXT)
    mark(document, {})
    Annotation.objects.update(answered_questions=[])

    live.refresh(project)

    assert ModelVersion.objects.get().parameters["answers"] == 0


def test_what_some_marked_and_no_majority_holds_teaches_nothing(
    project, names, mark, serving, bob, alice
):
    Project.objects.filter(pk=project.pk).update(overlap=2)
    project.refresh_from_db()
    agreed, disputed = make_documents(project, "so Ada came", TEXT)
    for by in (bob, alice):
        mark(agreed, {"Ada": "Person"}, by=by)
    mark(disputed, {"Ada": "Person", "Paris": "Place"}, by=bob)
    mark(disputed, {"Ada": "Person"}, by=alice)

    learned = learning.gather(project, serving)

    [[plain], [split]] = learning.span_lessons(names, learned)
    assert plain.unsure == []
    assert [TEXT[one.start : one.end] for one in split.marks] == ["Ada"]
    assert [TEXT[one.start : one.end] for one in split.unsure] == ["Paris"]


def test_a_skipped_document_teaches_nothing(project, names, mark, serving, bob):
    answered, skipped = make_documents(project, TEXT, "so Ada came")
    mark(answered, {"Ada": "Person"})
    sent = Submission(client_id=uuid.uuid4())
    skip(document=skipped, annotator=bob, reason=SkipReason.UNCLEAR, note="", submission=sent)

    [[only]] = learning.span_lessons(names, learning.gather(project, serving))

    assert only.text == TEXT


def test_a_blind_document_teaches_neither_tagger_nor_gazetteer(project, mark, serving):
    [hidden], [other] = (
        make_documents(project, TEXT, **BLIND),
        make_documents(project, "so Ada came"),
    )
    mark(hidden, {"Ada": "Person"})

    assert suggested(project, other, serving) == []
    assert not WordStates.objects.exists()


def test_words_of_answered_texts_are_kept_and_read_once(project, mark, serving, monkeypatch):
    documents = make_documents(project, TEXT, "so Ada came")
    mark(documents[0], {"Ada": "Person"})
    live.refresh(project)
    assert WordStates.objects.count() == 1
    word_memory.recent.clear()
    live.forget_all()
    monkeypatch.setattr(FakeEngine, "read", lambda self, texts: pytest.fail("read again"))

    [head] = live.refresh(project)

    assert head.head.tagger is not None


def test_words_of_what_teaches_no_longer_are_let_go(project, mark, serving, alice):
    first, second = make_documents(project, TEXT, "so Ada came")
    mark(first, {"Ada": "Person"})
    mark(second, {"Ada": "Person"})
    live.refresh(project)
    assert WordStates.objects.count() == 2

    delete_documents(project=project, documents=[first.pk], owner=alice)
    live.refresh(project)

    assert [row.text_hash for row in WordStates.objects.all()] == [second.text_hash]


def test_words_of_an_erased_document_are_gone_at_once(
    project, mark, serving, alice, django_capture_on_commit_callbacks
):
    first, second = make_documents(project, TEXT, "so Ada came")
    mark(first, {"Ada": "Person"})
    live.refresh(project)

    with django_capture_on_commit_callbacks(execute=True):
        erase(document=first, owner=alice, reason="asked", client_id=uuid.uuid4())

    assert not WordStates.objects.exists()
    assert word_memory.known(project, "fake", [TEXT]) == {}
    assert suggested(project, second, serving) == []


def test_imported_answers_wait_for_the_job_that_encodes(project, mark, serving, monkeypatch):
    monkeypatch.setattr("inference.learning.READ_AT_ONCE", 0)
    [document] = make_documents(project, TEXT)
    mark(document, {"Ada": "Person"})
    live.refresh(project)
    assert ModelVersion.objects.get().parameters["answers"] == 0

    encode_later(project)
    live.refresh(project)

    assert ModelVersion.objects.get().parameters["answers"] == 1


def test_only_the_newest_answers_are_kept_and_learned_from(project, mark, serving, monkeypatch):
    monkeypatch.setattr("inference.learning.READ_AT_ONCE", 0)
    monkeypatch.setattr("inference.learning.MOST_WORDS", 3)
    first, second = make_documents(project, TEXT, "so Ada came")
    mark(first, {"Ada": "Person"})
    mark(second, {"Ada": "Person"})

    encode_later(project)
    live.refresh(project)

    assert [row.text_hash for row in WordStates.objects.all()] == [second.text_hash]
    assert ModelVersion.objects.get().parameters["answers"] == 1


def test_old_rows_of_another_cut_are_read_again(project, serving):
    [reading] = serving.batcher.read_all([TEXT])
    words = word_memory.words_of(TEXT, reading.states)
    word_memory.keep(project, "fake", {vectors.text_hash(TEXT): words})
    assert np.array_equal(word_memory.known(project, "fake", [TEXT])[TEXT].states, words.states)

    word_memory.recent.clear()
    WordStates.objects.update(values=b"\0" * 22)

    assert word_memory.known(project, "fake", [TEXT]) == {}


def test_memory_forgets_the_texts_longest_unused(serving):
    recent = word_memory.RecentWords(capacity=5)
    for text in ("one two", "three four", "five six"):
        [reading] = serving.batcher.read_all([text])
        recent.put("fake", text, word_memory.words_of(text, reading.states))
        recent.get("fake", "one two")

    kept = [text for text in ("one two", "three four", "five six") if recent.get("fake", text)]
    assert kept == ["one two", "five six"]


def test_the_command_writes_spans(project, mark, serving, tmp_path, capsys):
    [document] = make_documents(project, TEXT)
    mark(document, {"Ada": "Person"})
    file = tmp_path / "texts.jsonl"
    file.write_text(
        '{"id": "a", "text": "😀 so Ada came"}\n{"text": "nothing"}\n', encoding="utf-8"
    )

    call_command("suggest", "tickets", str(file))

    first, second = map(json.loads, capsys.readouterr().out.splitlines())
    [item] = [item for item in first["suggestions"]["names"]["items"] if item["score"] > 0.5]
    assert (item["label"], item["field"], item["start"], item["end"]) == ("Person", "text", 5, 8)
    assert [item for item in second["suggestions"]["names"]["items"] if item["offered"]] == []


@pytest.mark.django_db(transaction=True)
async def test_a_page_is_sent_its_marks(project, names, mark, bob, serving):
    first, second = await in_db(make_documents)(project, TEXT, "so Ada came")
    await in_db(mark)(first, {"Ada": "Person"})

    async with Tab(bob) as tab:
        frame = await tab.open(second)
        [exposure] = await stored(1)

    offered = [item for item in frame["items"] if item["offered"]]
    assert [(item["field"], item["start"], item["end"]) for item in offered] == [("text", 3, 6)]
    assert frame["question"] == names.pk
    assert exposure.items == frame["items"]
    assert (await Suggestion.objects.aget()).items == frame["items"]


@pytest.mark.django_db(transaction=True)
async def test_a_blind_page_is_sent_none_and_they_are_stored(project, mark, bob, serving):
    [first] = await in_db(make_documents)(project, TEXT)
    [hidden] = await in_db(make_documents)(project, "so Ada came", **BLIND)
    await in_db(mark)(first, {"Ada": "Person"})

    async with Tab(bob) as tab:
        frame = await tab.open(hidden)
        [exposure] = await stored(1)

    assert frame["items"] == []
    assert exposure.sent_at is None
    assert [item["offered"] for item in exposure.items if item["score"] > 0.5] == [True]


@pytest.mark.django_db(transaction=True)
async def test_both_kinds_share_one_reading_of_the_text(
    project, names, mark, bob, serving, monkeypatch
):
    monkeypatch.setattr("inference.consumers.encode_later", lambda project: None)
    first, second = await in_db(make_documents)(project, TEXT, "so Ada came")
    await in_db(mark)(first, {"Ada": "Person"})
    topic = await in_db(make_question)(project, "topic")
    await live.refreshed(project)
    done: list[tuple[str, str]] = []
    do = Batcher._do

    def noted(self, work, texts):
        done.extend((work, text) for text in texts)
        return do(self, work, texts)

    monkeypatch.setattr(Batcher, "_do", noted)

    async with Tab(bob) as tab:
        frames = [await tab.open(second), await tab.hear()]
        await stored(2)

    assert {frame["question"] for frame in frames} == {names.pk, topic.pk}
    assert await Vector.objects.filter(text_hash=second.text_hash).acount() == 1
    assert done == [("read", "so Ada came")]
