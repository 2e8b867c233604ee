"""A run from start to end and back: drawn once, blind, bounded, resumable, reversible."""

from __future__ import annotations

import random
import uuid

import pytest

from inference.autolabel import champion, job, run
from inference.autolabel.run import CannotDo, obstacle, remaining
from inference.autolabel.sample import sample_of, without_gaps
from inference.models import (
    AutoLabelDocument,
    AutoLabelRun,
    ModelKind,
    ModelVersion,
    Role,
    RunState,
)
from labeling import queue
from labeling.label_by_model import draw
from labeling.models import ModelAnnotation, Slot
from labeling.skip import SkipReason, skip
from labeling.submit import Submission
from projects.jobs import JobError, claim_and_run
from projects.models import Document, DocumentState, Job, JobState
from tests.factories import answer, make_documents, make_label, make_question

pytestmark = pytest.mark.django_db
NAMES = ("Refund", "Late delivery", "Praise")


class Oracle:
    """Right about every text that names its label, and surest where it says so."""

    def __init__(self, question, *, lies=()):
        self.labels = {label.name: label.pk for label in question.labels.all()}
        self.lies = lies
        self.asked = []

    def predict(self, documents):
        return [self._one(document) for document in documents]

    def _one(self, document):
        self.asked.append(document.pk)
        name, sure = document.texts["text"].split("|")
        pk = self.labels["Praise" if document.texts["text"] in self.lies else name]
        return [{"label": pk, "score": float(sure), "offered": True}]


def texts_of(count):
    return [f"{NAMES[place % 3]}|{0.5 + place / (2 * count):.4f}" for place in range(count)]


@pytest.fixture
def oracle(monkeypatch, question):
    model = Oracle(question)
    monkeypatch.setattr(champion, "predictor_of", lambda version: model)
    return model


@pytest.fixture
def version(project, question):
    return ModelVersion.objects.create(
        project=project,
        question=question,
        name="Oracle",
        number=1,
        kind=ModelKind.FINE_TUNED,
        stage="champion",
    )


@pytest.fixture
def documents(project, version, oracle):
    return make_documents(project, *texts_of(60))


def work(row):
    claim_and_run(row.job_id)
    row.refresh_from_db()
    return row


def started(question, alice, *, target=0.1, calibration=20, audit=5):
    row = run.start(
        question=question, target=target, calibration=calibration, audit=audit, author=alice
    )
    return work(row)


def truth(document):
    return document.texts["text"].split("|")[0]


def answer_drawn(row, person, *, role=Role.CALIBRATION, limit=None, wrongly=()):
    for one in [each for each in sample_of(row, role) if each.wrong is None][:limit]:
        document = Document.objects.select_related("project").get(pk=one.document)
        said = truth(document)
        other = NAMES[NAMES.index(said) - 1]
        answer(document, person, other if one.document in wrongly else said)


def chosen(row):
    run.choose(row)
    row.refresh_from_db()
    return row


def applied(row, alice):
    run.apply(run=row, actor=alice)
    return work(row)


def test_the_sample_is_drawn_blind_and_first(project, question, alice, bob, documents):
    row = started(question, alice)

    assert row.state == RunState.ANSWERING
    assert row.documents.count() == 60
    drawn = project.documents.filter(is_drawn=True)
    assert drawn.count() == row.documents.filter(role=Role.CALIBRATION).count() == 20
    assert queue.lease_next(project=project, annotator=bob) in drawn
    assert row.version == "1"
    assert not row.weights


def test_the_sample_is_a_fair_draw(project, question, alice, documents):
    row = started(question, alice)
    ids = sorted(document.pk for document in documents)

    assert sorted(row.figures["drawn"]) == sorted(
        random.Random(f"{row.seed} drawn").sample(ids, 20)
    )


def test_what_is_begun_reserved_or_of_a_split_does_not_remain(project, question, bob, documents):
    answer(documents[0], bob, "Praise")
    make_documents(project, "Praise|0.9", in_reserve=True)
    make_documents(project, "Praise|0.9", imported_split="test")
    [train] = make_documents(project, "Praise|0.9", imported_split="train")

    assert set(remaining(project)) == {*documents[1:], train}


def test_a_good_model_labels_the_rest(project, question, alice, bob, documents):
    row = started(question, alice)
    answer_drawn(row, bob)
    row = chosen(row)
    assert row.figures["selected"] == row.figures["rest"] == 40

    row = applied(row, alice)

    assert row.state == RunState.APPLIED
    assert project.documents.filter(state=DocumentState.MODEL).count() == 35
    assert ModelAnnotation.objects.filter(batch=row.pk).count() == 35
    assert row.documents.filter(role=Role.AUDIT).count() == 5
    assert row.documents.filter(selected=True).count() == 40
    assert set(row.documents.filter(role=Role.REST).values_list("p_value", flat=True)) == {1 / 21}
    for annotation in ModelAnnotation.objects.select_related("document"):
        assert annotation.model_version == "Oracle 1"
        label = question.labels.get(pk=annotation.items[0]["label"])
        assert label.name == truth(annotation.document)


def test_what_remains_in_the_queue_is_the_audit_sample(project, question, alice, bob, documents):
    row = started(question, alice)
    answer_drawn(row, bob)
    row = applied(chosen(row), alice)

    left = Slot.objects.free().filter(project=project).values_list("document", flat=True)

    assert set(left) == set(
        row.documents.filter(role=Role.AUDIT).values_list("document", flat=True)
    )
    assert all(document.is_blind for document in project.documents.filter(pk__in=left))
    answer_drawn(row, bob, role=Role.AUDIT)
    assert [one.wrong for one in sample_of(row, Role.AUDIT)] == [False] * 5


def test_taking_back_leaves_the_queue_as_it_was(project, question, alice, bob, documents):
    row = started(question, alice)
    answer_drawn(row, bob)
    row = applied(chosen(row), alice)

    run.undo(run=row, actor=alice)
    row = work(row)

    assert row.state == RunState.UNDONE
    assert not ModelAnnotation.objects.exists()
    assert project.documents.filter(state=DocumentState.OPEN).count() == 40
    assert Slot.objects.free().filter(project=project).count() == 40
    assert project.annotations.count() == 20


def test_only_what_is_surer_than_the_errors_is_selected(project, question, alice, bob, documents):
    row = started(question, alice, target=0.2, calibration=30)
    drawn = sorted(sample_of(row, Role.CALIBRATION), key=lambda one: one.score)
    answer_drawn(row, bob, wrongly={one.document for one in drawn[:10]})
    row = chosen(row)

    assert row.figures["wrong"] == 10
    assert 0 < row.figures["selected"] <= row.figures["rest"]  # by the draw, seldom all
    row = applied(row, alice)
    lowest = row.documents.filter(selected=True).order_by("score").first().score
    assert lowest == row.figures["cutoff"] > drawn[0].score


def test_nothing_selected_says_how_many_more(project, question, alice, bob, documents):
    row = started(question, alice)
    drawn = sorted(sample_of(row, Role.CALIBRATION), key=lambda one: one.score)
    answer_drawn(row, bob, wrongly={drawn[-1].document, drawn[-2].document})
    row = chosen(row)

    assert row.figures["selected"] == 0
    table = {one["target"]: one for one in row.figures["targets"]}
    assert sorted(table) == [0.02, 0.05, 0.1, 0.2]
    assert table[0.02]["needed"] is None or table[0.02]["needed"] > 0
    with pytest.raises(CannotDo, match="nothing to label"):
        run.apply(run=row, actor=alice)


def test_going_on_early_uses_what_was_served_first_without_gaps(
    project, question, alice, bob, documents
):
    row = started(question, alice)
    sample = sample_of(row, Role.CALIBRATION)
    answer_drawn(row, bob, limit=12)
    late = Document.objects.select_related("project").get(pk=sample[15].document)
    answer(late, bob, truth(late))

    assert len(without_gaps(sample_of(row, Role.CALIBRATION))) == 12
    assert chosen(row).figures["n"] == 12


def test_too_few_answers_choose_nothing(question, alice, bob, documents):
    row = started(question, alice)
    answer_drawn(row, bob, limit=8)

    with pytest.raises(CannotDo, match="fewer than 9"):
        run.choose(row)


def test_a_selection_is_made_once(question, alice, bob, documents):
    row = started(question, alice)
    answer_drawn(row, bob, limit=12)
    row = chosen(row)

    with pytest.raises(CannotDo, match="already"):
        run.choose(row)


def test_skipped_by_three_and_unresolved_count_as_wrong(
    project, question, alice, bob, dora, rita, documents
):
    row = started(question, alice)
    first = Document.objects.get(pk=sample_of(row, Role.CALIBRATION)[0].document)
    for person in (bob, dora, rita):
        skip(
            document=first,
            annotator=person,
            reason=SkipReason.UNCLEAR,
            note="",
            submission=Submission(client_id=uuid.uuid4()),
        )

    assert sample_of(row, Role.CALIBRATION)[0].wrong is True


def test_what_was_deleted_from_the_sample_counts_as_wrong(project, question, alice, bob, documents):
    row = started(question, alice)
    answer_drawn(row, bob)
    first = sample_of(row, Role.CALIBRATION)[0]
    Document.objects.filter(pk=first.document).update(state=DocumentState.DELETED)

    assert sample_of(row, Role.CALIBRATION)[0] == first._replace(wrong=True)
    assert chosen(row).figures["n"] == 20
    assert row.figures["wrong"] == 1


def test_what_is_begun_before_all_is_drawn_leaves_the_rest_as_well(
    question, alice, bob, documents, no_worker, monkeypatch
):
    monkeypatch.setattr(job, "CHUNK", 10)
    row = run.start(question=question, target=0.1, calibration=20, audit=5, author=alice)
    with monkeypatch.context() as patch:
        killed_after(patch, job, "draw", 1)
        with pytest.raises(Killed):
            claim_and_run(row.job_id)
    row.refresh_from_db()
    late = row.figures["drawn"][10:]
    rest = [one for one in documents if one.pk not in row.figures["drawn"]]
    for document in [*rest[:4], *(one for one in documents if one.pk in late[:2])]:
        answer(document, bob, truth(document))
    revive(row)
    row = work(row)

    assert row.documents.filter(role=Role.CALIBRATION).count() == 18
    assert row.documents.filter(role=Role.REST).count() == 36


def test_what_another_run_has_drawn_stays_with_people(project, question, alice, bob, documents):
    row = started(question, alice)
    answer_drawn(row, bob)
    row = chosen(row)
    theirs = row.documents.filter(role=Role.REST).values_list("document", flat=True)[:3]
    draw(project=project, documents=list(theirs))
    row = applied(row, alice)

    assert not ModelAnnotation.objects.filter(document__in=theirs).exists()
    assert row.state == RunState.APPLIED


def test_a_document_answered_meanwhile_keeps_the_persons_answer(
    project, question, alice, bob, documents
):
    row = started(question, alice)
    answer_drawn(row, bob)
    theirs = row.documents.filter(role=Role.REST).first().document
    answer(theirs, bob, "Praise")
    row = applied(chosen(row), alice)

    theirs.refresh_from_db()
    assert theirs.state == DocumentState.DONE
    assert row.figures["rest"] == 40
    assert ModelAnnotation.objects.filter(document=theirs).count() == 0


def test_what_is_begun_while_the_model_is_asked_is_not_drawn(
    question, alice, bob, documents, oracle, monkeypatch
):
    ask = oracle.predict

    def answered_meanwhile(batch):
        if documents[0].pk in {document.pk for document in batch}:
            answer(documents[0], bob, "Praise")
        return ask(batch)

    monkeypatch.setattr(oracle, "predict", answered_meanwhile)
    row = started(question, alice)

    assert row.documents.count() == 59
    assert documents[0].pk not in row.figures["drawn"]


@pytest.fixture
def no_worker(monkeypatch):
    """Jobs wait until the test runs them."""
    monkeypatch.setattr("projects.jobs.dispatch", lambda row: None)


class Killed(BaseException):
    pass


def killed_after(monkeypatch, target, name, calls):
    """Has a function of a module die, as a process dies, at its nth call from now."""
    real, left = getattr(target, name), [calls]

    def dying(*args, **kwargs):
        left[0] -= 1
        if left[0] < 0:
            raise Killed
        return real(*args, **kwargs)

    monkeypatch.setattr(target, name, dying)


def revive(row):
    """As a worker finds a job that fell silent."""
    Job.objects.filter(pk=row.job_id, state=JobState.RUNNING).update(
        state=JobState.QUEUED, run_token=None
    )


def survive(row, monkeypatch, name, calls):
    with monkeypatch.context() as patch:
        killed_after(patch, job, name, calls)
        with pytest.raises(Killed):
            claim_and_run(row.job_id)
    revive(row)
    return work(row)


@pytest.mark.parametrize(
    ("name", "calls"), [("scored", 0), ("scored", 1), ("draw", 0), ("draw", 1), ("finish", 0)]
)
def test_killed_while_reading_or_drawing_it_draws_the_same_once(
    project, question, alice, documents, no_worker, monkeypatch, name, calls
):
    monkeypatch.setattr(job, "CHUNK", 10)
    row = run.start(question=question, target=0.1, calibration=20, audit=5, author=alice)
    row = survive(row, monkeypatch, name, calls)

    assert row.state == RunState.ANSWERING
    assert row.documents.count() == 60
    drawn = project.documents.filter(is_drawn=True).values_list("pk", flat=True)
    assert sorted(drawn) == sorted(row.figures["drawn"])
    assert len(drawn) == 20


@pytest.mark.parametrize(
    ("name", "calls"), [("draw", 0), ("label_by_model", 0), ("label_by_model", 2), ("finish", 0)]
)
def test_killed_while_labelling_it_labels_each_once(
    project, question, alice, bob, documents, no_worker, monkeypatch, name, calls
):
    monkeypatch.setattr(job, "CHUNK", 10)
    row = started(question, alice)
    answer_drawn(row, bob)
    row = chosen(row)
    run.apply(run=row, actor=alice)
    row = survive(row, monkeypatch, name, calls)

    assert row.state == RunState.APPLIED
    assert ModelAnnotation.objects.count() == 35
    assert project.events.filter(kind="model").count() == 35
    assert row.documents.filter(role=Role.AUDIT).count() == 5


@pytest.mark.parametrize(("name", "calls"), [("take_back", 0), ("take_back", 1), ("finish", 0)])
def test_killed_while_taking_back_it_takes_all_back(
    project, question, alice, bob, documents, no_worker, monkeypatch, name, calls
):
    row = started(question, alice)
    answer_drawn(row, bob)
    row = applied(chosen(row), alice)
    run.undo(run=row, actor=alice)
    row = survive(row, monkeypatch, name, calls)

    assert row.state == RunState.UNDONE
    assert not ModelAnnotation.objects.exists()
    assert project.events.filter(kind="clear").count() == 35


def test_one_run_a_question(question, alice, documents):
    started(question, alice)

    with pytest.raises(CannotDo, match="under way"):
        run.start(question=question, target=0.1, calibration=20, audit=0, author=alice)
    assert AutoLabelRun.objects.count() == 1


def test_a_stopped_run_makes_room_and_leaves_the_sample_blind(project, question, alice, documents):
    row = started(question, alice)
    run.stop(row)

    again = started(question, alice)

    assert again.state == RunState.ANSWERING
    assert not set(again.figures["drawn"]) & set(row.figures["drawn"])
    assert project.documents.filter(is_drawn=True).count() == 40


def test_why_no_run_can_start(project, question, alice):
    assert "no model" in obstacle(question)
    ModelVersion.objects.create(
        project=project,
        question=question,
        name="Folder",
        number=1,
        kind=ModelKind.FOLDER,
        stage="champion",
    )
    assert obstacle(question) == ""
    make_documents(project, count=5)
    with pytest.raises(CannotDo, match="5 documents remain"):
        run.start(question=question, target=0.1, calibration=20, audit=0, author=alice)
    with pytest.raises(CannotDo, match="fewer than 9"):
        run.start(question=question, target=0.1, calibration=4, audit=0, author=alice)
    make_question(project, "tone", labels=("Kind", "Rude"))
    assert "“Tone”" in obstacle(question)


def test_a_model_that_cannot_be_asked_says_why(question, alice, documents, monkeypatch):
    from inference.predicting import CannotPredict

    def broken(version):
        raise CannotPredict("Its files are gone.")

    monkeypatch.setattr(champion, "predictor_of", broken)
    row = started(question, alice)

    assert row.state == RunState.SCORING
    assert row.job.error == "Its files are gone."


def test_a_label_deleted_since_labels_nothing(project, question, alice, bob, documents):
    row = started(question, alice)
    answer_drawn(row, bob)
    row = chosen(row)
    extra = make_label(question, "Other")
    some = row.documents.filter(role=Role.REST).first()
    some.items[0]["label"] = extra.pk
    some.save()
    extra.delete()
    row = applied(row, alice)

    assert not ModelAnnotation.objects.filter(document=some.document).exists()
    assert row.state == RunState.APPLIED


def test_a_run_of_another_project_is_no_jobs_business(question, alice, documents):
    row = started(question, alice)
    AutoLabelDocument.objects.all().delete()
    AutoLabelRun.objects.all().delete()

    with pytest.raises(JobError, match="gone"):
        job._run(type("Run", (), {"job": row.job}))


def test_a_live_head_is_frozen(project, question, alice, bob, serving):
    make_documents(project, *texts_of(30))
    for document in make_documents(project, "I want my money back", "Where is it?", "So nice"):
        answer(document, bob, "Praise")
    from inference import live

    live.refresh(project)
    row = started(question, alice, calibration=10)
    before = dict(row.documents.values_list("document", "score"))
    assert row.weights
    assert row.version.startswith("1.")

    for document in make_documents(project, "Never again", "Thank you"):
        answer(document, bob, "Refund")
    live.refresh(project)

    rows = champion.scored(
        row, champion.predictor(row), list(project.documents.filter(pk__in=before))
    )
    assert {one.document_id: one.score for one in rows} == before
