"""Imports, from the file to the queue."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import pytest

from corpus.imports import publishing, staging
from corpus.imports.receiving import JOB, discard, imported_before, preview, start
from corpus.models import ImportedPrediction, ImportState, StagedAnswers
from corpus.record import BadFile
from labeling.models import Annotation, Event, Slot, SlotState
from labeling.queue import lease_next
from labeling.resolved import resolved_answers
from projects import jobs
from projects.jobs import JobError
from projects.models import Document, DocumentState, Job, JobState
from tests.corpus.imports import again, begun, imported, problems_of, quietly, received, work
from tests.factories import make_label, make_project, make_question

pytestmark = pytest.mark.django_db

BANKING = Path(__file__).resolve().parents[3] / "shared/data/banking77/test.csv"
THREE = "id,text,topic\n1,Where is it?,Late delivery\n2,Money back,Refund\n3,Hm,\n"


def texts_of(project) -> list[str]:
    return [document.texts["text"] for document in project.documents.order_by("position")]


def answer_of(project, external_id: str) -> list[str]:
    document = project.documents.get(external_id=external_id)
    resolved = resolved_answers(project, [document.pk]).get(document.pk, {})
    names = {label.pk: label.name for label in project.questions.get().labels.all()}
    return sorted(names[pk] for labels in resolved.values() for pk in labels)


def test_rows_become_documents_with_their_answers(project):
    source = imported(project, THREE)

    assert source.state == ImportState.DONE
    assert (source.rows_read, source.documents, source.answers, source.rows_bad) == (3, 3, 2, 0)
    assert texts_of(project) == ["Where is it?", "Money back", "Hm"]
    assert answer_of(project, "1") == ["Late delivery"]
    assert answer_of(project, "3") == []
    assert not source.file
    assert not StagedAnswers.objects.exists()


def test_answered_documents_are_done_and_the_others_wait_in_the_queue(project, bob):
    imported(project, THREE)

    states = dict(project.documents.values_list("external_id", "state"))
    assert states == {"1": "done", "2": "done", "3": "open"}
    assert Slot.objects.filter(project=project, state=SlotState.FREE).count() == 1
    assert lease_next(project=project, annotator=bob).external_id == "3"


def test_an_imported_answer_counts_once_where_two_are_wanted(project):
    project.overlap = 2
    project.save()

    imported(project, "text,topic\nMoney back,Refund\n")

    document = project.documents.get()
    assert document.state == DocumentState.OPEN
    assert sorted(document.slots.values_list("state", flat=True)) == ["answered", "free"]


def test_imported_answers_say_where_they_came_from(project, alice):
    source = received(project, THREE)
    source.uploaded_by = alice
    source.save()
    start(source, here=quietly)

    annotation = Annotation.objects.get(document__external_id="2")
    assert annotation.annotator is None
    assert [answer.origin for answer in annotation.answers.all()] == ["imported"]
    assert list(Event.objects.values_list("kind", "actor__username")) == [("import", "alice")] * 2


def test_columns_are_mapped_as_said_and_the_rest_is_metadata(project):
    content = "no,body,kind,year,code\nA-1,Hello,Praise,2024,007\n"

    imported(project, content, "text=body", "topic=kind", "id=no")

    document = project.documents.get()
    assert document.texts == {"text": "Hello"}
    assert document.external_id == "A-1"
    assert document.meta == {"year": 2024, "code": "007"}
    assert answer_of(project, "A-1") == ["Praise"]


def test_a_column_can_be_ignored_or_serve_twice(project):
    imported(project, "id,text,mail\n7,Hello,a@b\n", "ignore=mail", "meta.ref=id", "id=id")

    document = project.documents.get()
    assert (document.external_id, document.meta) == ("7", {"ref": 7})


def test_a_missing_column_is_named_with_those_that_are_there(project):
    source = imported(project, "body,kind\na,b\n", "topic=category", "text=body")

    assert source.state == ImportState.REFUSED
    assert problems_of(source) == [
        (0, "category", "There is no such column. The columns are: “body”, “kind”.")
    ]


def test_a_table_without_a_text_column_is_refused(project):
    source = imported(project, "body\na\n")

    assert source.state == ImportState.REFUSED
    assert problems_of(source) == [
        (0, "text", "No column is the text “text”. The columns are: “body”.")
    ]


def test_a_key_that_no_json_row_has_is_reported(project):
    source = imported(project, '[{"text": "a"}]', "topic=category", format="json")

    assert problems_of(source) == [(0, "category", "No row has this column.")]
    assert source.documents == 1


def test_labels_that_do_not_exist_are_reported_row_by_row(project):
    source = imported(project, "text,topic\na,Refund\nb,Refnd\nc,Praise\n")

    assert texts_of(project) == ["a", "c"]
    problem = source.problems.get()
    assert (problem.row, problem.field) == (3, "topic")
    assert problem.message == "There is no label “Refnd”."
    assert problem.remedy == "Did you mean “Refund”?"
    assert problem.raw == '{"text": "b", "topic": "Refnd"}'
    assert not project.questions.get().labels.filter(name="Refnd").exists()


def test_labels_are_created_when_asked_for_in_order_of_appearance(project):
    source = imported(project, "text,topic\na,Zebra\nb,Refund\nc,Ape\n", create_labels=True)

    names = list(project.questions.get().labels.values_list("name", flat=True))
    assert names == ["Refund", "Late delivery", "Praise", "Zebra", "Ape"]
    assert source.labels_created == 2


def test_a_column_of_prose_is_not_made_into_labels(project, monkeypatch):
    monkeypatch.setattr(staging, "MOST_NEW_LABELS", 5)
    rows = "".join(f"text {n},label {n}\n" for n in range(20))

    source = imported(project, "text,topic\n" + rows, create_labels=True)

    assert source.state == ImportState.REFUSED
    assert project.documents.count() == 0
    assert project.questions.get().labels.count() == 3
    assert problems_of(source) == [(0, "topic", "This brings more than 5 new labels.")]


def test_all_or_nothing_leaves_nothing_behind(project):
    content = "text,topic\na,Refund\nb,New\nc,\n,Refund\n"

    source = imported(project, content, create_labels=True, strict=True)

    assert source.state == ImportState.REFUSED
    assert source.documents == 0
    assert source.rows_bad == 1
    assert [
        model.objects.count() for model in (Document, Annotation, Event, Slot, StagedAnswers)
    ] == [0] * 5
    assert project.questions.get().labels.count() == 3


def test_ids_are_unique_in_the_file_and_the_project(project):
    imported(project, "id,text\n1,first\n")

    source = imported(project, "id,text\n1,again\n2,b\n2,c\n,d\n,e\n")

    assert texts_of(project) == ["first", "b", "d", "e"]
    assert problems_of(source) == [
        (2, "id", "The id “1” is in the project already."),
        (4, "id", "The id “2” was used by an earlier row of this file."),
    ]


def test_ids_are_unique_across_chunks(project, monkeypatch):
    monkeypatch.setattr(staging, "CHUNK_ROWS", 1)

    source = imported(project, "id,text\n1,a\n1,b\n")

    assert problems_of(source) == [(3, "id", "The id “1” was used by an earlier row of this file.")]


def test_all_problems_of_a_row_are_reported_at_once(project):
    source = imported(project, "id,text,topic,split\n1,a\0b,Nope,often\n")

    assert [field for _, field, _ in problems_of(source)] == ["text", "topic", "split"]
    assert source.rows_bad == 1
    assert source.state == ImportState.REFUSED


def test_a_broken_end_keeps_the_good_rows_before_it(project):
    source = imported(project, '[{"text": "a"}, {"text": "b"}, {"te', format="json")

    assert source.state == ImportState.DONE
    assert texts_of(project) == ["a", "b"]
    assert problems_of(source) == [(3, "", "This object is never closed.")]


@pytest.mark.parametrize("content", [b"", b"\xef\xbb\xbf", b" \n\n", b"PK\x03\x04", b"text\n"])
def test_a_file_without_documents_is_refused(project, content):
    source = imported(project, content)

    assert source.state == ImportState.REFUSED
    assert source.problems.count() == 1


def test_the_coins_are_tossed_once_and_make_the_reserve(project, monkeypatch):
    coins = iter([0.1, 0.3])
    monkeypatch.setattr(staging, "toss", lambda: next(coins))

    imported(project, "text\na\nb\n")

    one, two = project.documents.order_by("position")
    assert (one.in_reserve, two.in_reserve) == (True, False)
    assert len({one.order_coin, one.display_coin, two.order_coin, two.display_coin}) == 4
    assert Slot.objects.filter(in_reserve=True).count() == 1


def test_a_split_of_the_file_is_kept_and_test_rows_are_blind(project):
    imported(project, "text,split\na,train\nb,TEST\nc,dev\nd,calibration\ne,\n")

    rows = list(project.documents.order_by("position"))
    assert [row.imported_split for row in rows] == [
        "train",
        "test",
        "validation",
        "calibration",
        "",
    ]
    assert [row.is_blind for row in rows[:4]] == [False, True, False, True]
    assert [row.split for row in rows[:4]] == ["train", "test", "validation", "calibration"]
    assert not any(row.in_reserve for row in rows[:4])


def test_predictions_come_in_with_score_and_model(project):
    content = "text,guess,sure,by\na,Refund,0.75,gpt\nb,,,\n"
    maps = ["prediction.topic=guess", "prediction.topic.score=sure", "prediction.topic.model=by"]

    source = imported(project, content, *maps)

    found = ImportedPrediction.objects.values_list("label__name", "score", "model_name")
    assert list(found) == [("Refund", 0.75, "gpt")]
    assert source.answers == 0
    assert project.documents.filter(state=DocumentState.OPEN).count() == 2


@pytest.mark.parametrize("score", ["1.5", "-0.1", "nan", "much"])
def test_a_score_is_a_share(project, score):
    content = f"text,prediction.topic,prediction.topic.score\na,Refund,{score}\n"

    source = imported(project, content)

    assert problems_of(source) == [(2, "prediction.topic.score", f"“{score}” is not a score.")]


def test_an_answer_must_answer_what_every_answer_needs(project):
    make_question(project, "tone", labels=["Calm", "Angry"])

    source = imported(project, "text,topic,tone\na,Refund,\nb,Refund,Calm\nc,,\n")

    assert texts_of(project) == ["b", "c"]
    assert problems_of(source) == [
        (2, "", "The answer to “tone” is missing, which every answer needs.")
    ]


def test_several_labels_are_a_list_where_several_may_be_chosen(project):
    make_question(project, "tags", labels=["a", "b"], multiple=True, required=False)
    project.questions.filter(name="topic").update(required=False)
    content = 'text,tags\nx,"[""a"", ""b""]"\ny,a\nz,[]\n'

    imported(project, content)

    tags = project.questions.get(name="tags")
    found = resolved_answers(project, list(project.documents.values_list("pk", flat=True)))
    sizes = [len(found[d.pk][tags.pk]) for d in project.documents.order_by("position")]
    assert sizes == [2, 1, 0]


def test_text_files_bring_one_document_a_line_or_one_in_all(project):
    imported(project, "a \n\n b\r\n", format="txt")
    imported(project, "c\r\nd\n", format="txt-file")

    assert texts_of(project) == ["a ", " b", "c\r\nd\n"]


def test_text_files_fill_the_first_text_field(db):
    project = make_project(text_fields=["body", "title"])

    imported(project, "hello", format="txt")

    assert project.documents.get().texts == {"body": "hello", "title": ""}


def test_a_staged_import_is_invisible_until_it_is_whole(project, bob, monkeypatch):
    monkeypatch.setattr(staging, "CHUNK_ROWS", 1)
    source = received(project, THREE)
    run = begun(source)
    monkeypatch.setattr(staging.Staging, "_close", die)
    with pytest.raises(Killed):
        work(source, run)

    assert project.documents.count() == 3
    assert project.documents.published().count() == 0
    assert lease_next(project=project, annotator=bob) is None


class Killed(BaseException):
    """As sudden as kill -9, as far as the database can tell."""


def die(*_args):
    raise Killed


@pytest.mark.parametrize("chunks", range(8))
def test_an_import_that_is_killed_goes_on_without_gaps_or_doubles(project, monkeypatch, chunks):
    """Killed in the transaction of a chunk, after so many others; in reading or in publishing."""
    monkeypatch.setattr(staging, "CHUNK_ROWS", 2)
    monkeypatch.setattr(publishing, "CHUNK", 2)
    rows = "".join(f"{n},text {n},{'Refund' if n % 2 else 'New'}\n" for n in range(7))
    source = received(project, f"id,text,topic\n{rows}bad,,Nope\n")
    run = begun(source, create_labels=True)
    left = chunks
    saved = jobs.JobRun.save_checkpoint

    def dying(self, checkpoint):
        nonlocal left
        saved(self, checkpoint)
        left -= 1
        if left == -1:
            raise Killed

    monkeypatch.setattr(jobs.JobRun, "save_checkpoint", dying)
    with pytest.raises(Killed):
        work(source, run)
    monkeypatch.setattr(jobs.JobRun, "save_checkpoint", saved)

    work(source, again(run))

    source.refresh_from_db()
    assert source.state == ImportState.DONE
    assert (source.rows_read, source.rows_bad, source.documents, source.answers) == (8, 1, 7, 7)
    assert source.labels_created == 1
    assert texts_of(project) == [f"text {n}" for n in range(7)]
    assert Annotation.objects.count() == Event.objects.count() == Slot.objects.count() == 7
    assert source.problems.count() == 1
    assert [answer_of(project, str(n)) for n in range(2)] == [["New"], ["Refund"]]


def test_a_refused_import_that_is_killed_while_it_clears_away_ends_clean(project, monkeypatch):
    source = received(project, 'text\na\n"b')
    run = begun(source, on_bad_rows="all_or_nothing")
    monkeypatch.setattr("corpus.imports.importing.unstage", die)
    with pytest.raises(Killed):
        work(source, run)
    monkeypatch.undo()

    work(source, again(run))

    source.refresh_from_db()
    assert source.state == ImportState.REFUSED
    assert source.problems.count() == 1
    assert project.documents.count() == 0


def test_the_same_job_run_again_changes_nothing(project):
    source = imported(project, THREE)
    again_ = again(jobs.JobRun(source.job))

    work(source, again_)

    assert project.documents.count() == 3
    assert Annotation.objects.count() == 2


def test_starting_twice_starts_once(project):
    source = received(project, THREE)

    start(source, here=quietly)
    start(source, here=quietly)

    assert Job.objects.filter(kind=JOB).count() == 1
    assert project.documents.count() == 3


def test_a_cancelled_import_takes_back_what_it_read(project, monkeypatch):
    monkeypatch.setattr(staging, "CHUNK_ROWS", 1)
    source = received(project, THREE)
    run = begun(source)
    jobs.cancel(run.job)

    with pytest.raises(jobs.JobCancelled):
        work(source, run)

    source.refresh_from_db()
    assert source.state == ImportState.CANCELLED
    assert project.documents.count() == 0
    with pytest.raises(JobError, match="called off"):
        work(source, run)


def test_what_a_stranded_import_staged_can_be_thrown_away(project, monkeypatch):
    source = received(project, THREE)
    run = begun(source)
    monkeypatch.setattr(staging.Staging, "_close", die)
    with pytest.raises(Killed):
        work(source, run)
    Job.objects.filter(pk=run.job.pk).update(state=JobState.FAILED)
    source.refresh_from_db()
    assert source.is_stranded

    discard(source)

    source.refresh_from_db()
    assert source.state == ImportState.CANCELLED
    assert project.documents.count() == 0


def test_a_file_that_waits_can_be_put_away(project):
    source = received(project, THREE)

    discard(source)

    assert source.state == ImportState.CANCELLED
    assert not source.file


def test_a_label_removed_while_the_file_is_read_stops_the_import_loudly(project, monkeypatch):
    source = received(project, "text,topic\na,Refund\n")
    run = begun(source)
    monkeypatch.setattr("corpus.imports.importing.publish_all", die)
    with pytest.raises(Killed):
        work(source, run)
    monkeypatch.undo()
    refund = project.questions.get().labels.get(name="Refund")
    refund.delete()
    run = again(run)

    with pytest.raises(JobError, match="topic: Refund"):
        work(source, run)

    make_label(project.questions.get(), "Refund")
    work(source, again(run))
    assert project.documents.get().state == DocumentState.DONE


def test_the_same_file_is_recognised(project):
    first = imported(project, THREE)
    second = received(project, THREE)

    assert imported_before(second) == first
    assert imported_before(received(make_project(), THREE)) is None


def test_the_preview_shows_columns_and_the_first_rows(project):
    shown = preview(received(project, "a,b\n" + "1,2\n" * 30))

    assert shown.columns == ["a", "b"]
    assert len(shown.rows) == 20


def test_the_preview_shows_what_stands_before_a_broken_end(project):
    assert preview(received(project, '[{"text": "a"}, {"te', format="json")).columns == ["text"]
    with pytest.raises(BadFile, match="never closed"):
        preview(received(project, '[{"te', format="json"))


@pytest.mark.skipif(not BANKING.exists(), reason="the data set is not here")
def test_banking77_comes_back_whole(db):
    from io import BytesIO

    from corpus.exports.exporting import Options, write_export

    with BANKING.open(encoding="utf-8", newline="") as file:
        rows = [(row["text"], row["category"]) for row in csv.DictReader(file)]
    project = make_project(reserve=0.2)
    make_question(project, "intent", labels=sorted({label for _, label in rows}))

    source = imported(project, BANKING.read_bytes(), "intent=category")

    assert (source.documents, source.answers, source.rows_bad) == (3080, 3080, 0)
    out = BytesIO()
    write_export(out, project=project, options=Options())
    exported = csv.DictReader(io.StringIO(out.getvalue().decode(), newline=""))
    assert [(row["text"], row["intent"]) for row in exported] == rows
