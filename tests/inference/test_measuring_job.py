"""What is measured: blind test documents of the current epoch, and the answered reserve."""

from __future__ import annotations

import uuid
from datetime import timedelta

import pytest
from django.utils import timezone

from inference import live
from inference.measuring import measure
from inference.measuring.measure import KIND, measure_later
from inference.measuring.reserve import blind_test_documents, drawn_reserve
from inference.models import Measurement, ModelKind, ModelVersion, Promotion, Suggestion
from labeling.import_answers import import_answers
from labeling.merge_labels import merge_labels
from labeling.models import Annotation
from labeling.publish import publish
from labeling.spans import Span
from labeling.submit import Submission, submit
from projects import jobs
from projects.models import Document, DocumentState, JobState
from tests.factories import answer, make_documents, make_label, make_question
from tests.inference.challengers import make_challenger

BLIND = {"in_reserve": True, "display_coin": 0.1}
OPEN = {"in_reserve": True, "display_coin": 0.9}


def blind_tests(project, count: int, word: str = "refund") -> list[Document]:
    """Blind documents whose hash puts them into the test set."""
    found, number = [], 0
    while len(found) < count:
        number += 1
        [document] = make_documents(project, f"{word} please {number}", **BLIND)
        if document.split == "test":
            found.append(document)
    return found


def run_measure(project):
    job = jobs.add(project=project, kind=KIND, params={})
    jobs.run_here(job, lambda *_: None)
    return job


@pytest.fixture
def answered(project, bob, serving):
    """Six blind test documents, answered as the fake encoder would have it."""
    documents = blind_tests(project, 6)
    for document in documents:
        answer(document, bob, "Refund")
    return documents


def test_only_answered_blind_test_documents_are_measured(project, answered, bob):
    for document in make_documents(project, "refund now", "praise now"):
        answer(document, bob, "Praise")
    [shown] = make_documents(project, "refund there", **OPEN)
    answer(shown, bob, "Praise")
    blind_tests(project, 1, "unanswered refund")

    documents, answers = blind_test_documents(project)

    assert {document.pk for document in documents} == {document.pk for document in answered}
    refund = project.questions.get().labels.get(name="Refund").pk
    assert all(list(picks.values()) == [{refund}] for picks in answers.values())


def test_imported_test_documents_are_measured_and_imported_calibration_ones_are_not(
    project, bob, serving
):
    [test] = make_documents(project, "one", imported_split="test")
    [other] = make_documents(project, "two", imported_split="calibration")
    for document in (test, other):
        answer(document, bob, "Praise")

    assert [document.pk for document in blind_test_documents(project)[0]] == [test.pk]


def test_earlier_epochs_and_deleted_documents_are_left_out(project, answered):
    project.reserve_epoch = 2
    answered[0].reserve_epoch = 2
    answered[1].reserve_epoch, answered[1].state = 2, DocumentState.DELETED
    Document.objects.bulk_update(answered, ["reserve_epoch", "state"])

    assert [document.pk for document in blind_test_documents(project)[0]] == [answered[0].pk]
    assert [one.document.pk for one in drawn_reserve(project)] == [answered[0].pk]


def test_the_newest_are_measured_where_there_are_too_many(project, answered, monkeypatch):
    monkeypatch.setattr("inference.measuring.reserve.MOST_TESTED", 2)

    documents = blind_test_documents(project)[0]

    assert [document.pk for document in documents] == [answered[-1].pk, answered[-2].pk]


def test_a_measurement_is_kept_with_its_version_and_the_version_gets_the_headline(
    project, question, answered
):
    job = run_measure(project)

    row = Measurement.objects.get()
    version = ModelVersion.objects.get()
    assert job.state == JobState.DONE
    assert (row.documents, row.figures["n"]) == (6, 6)
    assert (row.version, row.reserve_epoch) == (version.version, 1)
    assert version.metrics["accuracy"] == row.figures["accuracy"]
    assert version.metrics["measured_version"] == row.version
    assert row.figures["shares"]["n"] == project.annotations.count()


def test_measuring_teaches_the_model_nothing(project, answered):
    run_measure(project)

    assert ModelVersion.objects.get().learned_answers == 0
    assert not Suggestion.objects.exists()


def test_measuring_again_moves_the_row_on_instead_of_adding_one(project, answered, bob):
    run_measure(project)
    before = Measurement.objects.get()

    run_measure(project)

    after = Measurement.objects.get()
    assert after.pk == before.pk
    assert after.stamp != before.stamp


def test_old_measurements_go(project, answered, bob, monkeypatch):
    monkeypatch.setattr(measure, "KEPT", 1)
    run_measure(project)
    [more] = blind_tests(project, 1, "another refund")
    answer(more, bob, "Refund")

    run_measure(project)

    assert Measurement.objects.get().documents == 7


def test_a_span_question_is_measured_by_exact_spans(project, question, bob, serving):
    question.delete()
    names = make_question(project, "names", labels=["Person"], kind="span")
    [document] = blind_tests(project, 1)
    span = Span("text", 0, 6, names.labels.get().pk)
    submit(
        document=document,
        annotator=bob,
        chosen={names.pk: [span]},
        submission=Submission(client_id=uuid.uuid4()),
    )

    run_measure(project)

    figures = Measurement.objects.get(question=names).figures
    assert figures["errors"] == {"said": 0, "marked": 1, "kinds": {"right": 0, "missed": 1}}
    assert (figures["micro_f1"]["value"], figures["micro_f1"]["n"]) == (0, 1)
    assert "confusion" not in figures


def test_without_questions_or_answers_there_is_nothing_to_measure(project, question, serving):
    assert run_measure(project).result == {"documents": 0, "reserve": 0}
    assert Measurement.objects.get().figures["n"] == 0

    question.delete()
    assert run_measure(project).state == JobState.DONE


def test_a_server_without_a_model_says_why_it_cannot_measure(project, settings):
    settings.ENGINE = "off"

    job = run_measure(project)

    assert (job.state, job.error) == (
        JobState.FAILED,
        "Suggestions are switched off on this server.",
    )
    assert measure_later(project) is None


def suggested(
    document, question, label: str, *, minutes: int, by: ModelVersion | None = None
) -> None:
    """As of so many minutes ago; by the live head, if nobody else."""
    live.refresh(document.project)
    row = Suggestion.objects.create(
        document=document,
        question=question,
        model_version=by or ModelVersion.objects.get(kind=ModelKind.LIVE),
        version=f"1.{minutes}",
        items=[{"label": question.labels.get(name=label).pk, "score": 0.9, "offered": True}],
    )
    Suggestion.objects.filter(pk=row.pk).update(
        created_at=timezone.now() - timedelta(minutes=minutes)
    )


def test_the_curve_takes_what_was_suggested_last_before_the_answer(project, question, bob, serving):
    [document] = make_documents(project, "refund", **OPEN)
    suggested(document, question, "Praise", minutes=9)
    suggested(document, question, "Refund", minutes=5)
    answer(document, bob, "Refund")
    Annotation.objects.update(created_at=timezone.now() - timedelta(minutes=3))
    suggested(document, question, "Late delivery", minutes=1)

    [drawn] = drawn_reserve(project)

    refund = question.labels.get(name="Refund").pk
    assert [item["label"] for item in drawn.said[question.pk]] == [refund]
    assert drawn.answered == {question.pk: {refund}}


def test_what_a_challenger_was_asked_for_is_no_part_of_the_curve(project, question, bob, serving):
    [document] = make_documents(project, "refund", **OPEN)
    challenger = make_challenger(question)
    suggested(document, question, "Refund", minutes=9)
    suggested(document, question, "Praise", minutes=5, by=challenger)
    answer(document, bob, "Refund")
    Annotation.objects.update(created_at=timezone.now() - timedelta(minutes=3))

    [before] = drawn_reserve(project)
    Promotion.objects.create(question=question, model_version=challenger)
    Promotion.objects.update(created_at=timezone.now() - timedelta(minutes=6))
    [since] = drawn_reserve(project)

    names = {label.pk: label.name for label in question.labels.all()}
    said = [names[one.said[question.pk][0]["label"]] for one in (before, since)]
    assert said == ["Refund", "Praise"]


def test_a_document_answered_before_anything_was_suggested_is_not_in_the_curve(
    project, question, bob, serving
):
    [document] = make_documents(project, "refund", **OPEN)
    answer(document, bob, "Refund")
    Annotation.objects.update(created_at=timezone.now() - timedelta(minutes=3))
    suggested(document, question, "Refund", minutes=1)

    figures = measure.reserve_figures(question, drawn_reserve(project))

    assert (figures["shares"]["n"], figures["curve"]["n"]) == (1, 0)


def test_answers_are_counted_up_to_each_document(project, bob, serving):
    documents = make_documents(project, "a", "b", "c")
    drawn = make_documents(project, "d", **BLIND)
    for document in [*documents[:2], *drawn, documents[2]]:
        answer(document, bob, "Praise")

    assert [one.answers_before for one in drawn_reserve(project)] == [2]


def test_documents_that_came_with_answers_are_no_draw(project, question, bob, serving):
    [mine] = make_documents(project, "mine", **BLIND)
    answer(mine, bob, "Praise")
    [theirs] = make_documents(project, "theirs", **BLIND)
    theirs.state = DocumentState.STAGED
    label = question.labels.get(name="Refund").pk
    import_answers(project=project, rows=[(theirs, {question.pk: [label]})], actor=None)
    publish(project=project, documents=[theirs])

    assert [one.document.pk for one in drawn_reserve(project)] == [mine.pk]


def test_an_earlier_suggestion_of_a_merged_label_counts_as_the_one_it_became(
    project, question, alice, bob, serving
):
    extra = make_label(question, "Money back", position=3)
    refund = question.labels.get(name="Refund")
    [document] = make_documents(project, "refund", **OPEN)
    suggested(document, question, "Money back", minutes=0)
    answer(document, bob, "Money back")
    merge_labels(source=extra, target=refund, owner=alice, tell=lambda *_: None)

    [drawn] = drawn_reserve(project)

    assert [item["label"] for item in drawn.said[question.pk]] == [refund.pk]
    assert drawn.answered == {question.pk: {refund.pk}}


def test_nothing_is_measured_twice_while_nothing_happens(project, answered):
    first = measure_later(project)
    assert first is not None
    project.jobs.all().delete()

    assert measure_later(project) is None


def test_a_new_answer_is_measured_but_not_at_once(project, answered, bob):
    measure_later(project)
    [more] = blind_tests(project, 1, "another refund")
    answer(more, bob, "Refund")

    assert measure_later(project) is None

    project.jobs.filter(kind=KIND).update(created_at=timezone.now() - timedelta(minutes=1))
    assert measure_later(project) is not None
    assert project.jobs.filter(kind=KIND).count() == 1
    assert Measurement.objects.order_by("-created_at")[0].documents == 7


def test_one_waiting_is_enough(project, answered):
    project.jobs.create(kind=KIND, created_at=timezone.now())
    project.jobs.update(created_at=timezone.now() - timedelta(hours=1))

    assert measure_later(project) is None


def test_an_archived_project_is_not_measured(project, answered):
    project.archived_at = timezone.now()

    assert measure_later(project) is None
