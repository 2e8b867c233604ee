from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from inference import live, ranking, vectors
from inference.encoders.fake_engine import FakeEngine
from inference.encoding import encode_later
from inference.spans.gazetteer import Gazetteer
from inference.spans.heads import SpanHead
from labeling.models import Slot
from labeling.queue import lease_next
from labeling.rerank import ranked_now
from projects import jobs
from projects.models import Job, JobState, QueueOrder
from tests.factories import answer, make_documents, make_question

pytestmark = pytest.mark.django_db

REFUNDS = [f"please refund money for order {n}" for n in range(12)]
LATE = [f"parcel came late on day {n}" for n in range(8)]
BOTH = "please refund money parcel came late"


@pytest.fixture
def uncertain(project):
    project.queue_order, project.reserve = QueueOrder.UNCERTAIN, 0
    project.save()
    return project


class FoundBefore(SpanHead):
    """A span head that has learned, and is so unsure of these texts."""

    def __init__(self, scores):
        super().__init__(Gazetteer({}, {}, {}), "learned", None)
        object.__setattr__(self, "scores", scores)

    def uncertainty(self, text, words):
        assert len(words.places) == len(words.states)
        return self.scores[text]


def in_order(project):
    slots = project.slots.filter(state="free").order_by("rank")
    return [slot.document.texts["text"] for slot in slots.select_related("document")]


def rank(project):
    return jobs.enqueue(project=project, kind=ranking.KIND, params={"through": 0})


def test_what_the_model_wavers_about_comes_before_what_it_is_sure_of(uncertain, bob, serving):
    documents = make_documents(uncertain, *REFUNDS, *LATE, BOTH)
    for document in documents[:6]:
        answer(document, bob, "Refund")
    for document in documents[12:16]:
        answer(document, bob, "Late delivery")

    encode_later(uncertain)

    job = Job.objects.get(kind=ranking.KIND)
    assert (job.state, job.result) == (JobState.DONE, {"Documents": 11, "Looked at": 11})
    assert in_order(uncertain)[0] == BOTH
    assert lease_next(project=uncertain, annotator=bob).texts["text"] == BOTH


def test_the_most_telling_order_needs_no_answers_and_no_questions(project, serving):
    project.queue_order = QueueOrder.DIVERSE
    project.save()
    project.questions.all().delete()
    make_documents(project, *REFUNDS, *LATE)

    encode_later(project)

    first, second = in_order(project)[:2]
    assert (first in REFUNDS, second in LATE) == (True, True)


def test_documents_nobody_has_read_wait(uncertain, serving):
    read, unread = make_documents(uncertain, "please refund", "it is late")
    vectors.encoded("fake", serving.batcher, {read.text_hash: "please refund"})

    rank(uncertain)

    assert ranked_now(uncertain) == 1
    assert unread.slots.get().rank >= 1


def test_an_empty_project_is_ranked_too(uncertain, serving):
    assert Job.objects.get(pk=rank(uncertain).pk).result == {"Documents": 0}


def test_what_the_encoder_cannot_read_waits(uncertain, serving):
    documents = make_documents(uncertain, "please refund", "it is late", "great work")
    broken = np.full(FakeEngine.dims, np.nan, dtype=np.float32)
    vectors.encoded("fake", serving.batcher, {documents[0].text_hash: "please refund"})
    vectors.keep(
        "fake", {documents[1].text_hash: broken, documents[2].text_hash: np.zeros_like(broken)}
    )

    job = Job.objects.get(pk=rank(uncertain).pk)

    assert (job.state, job.result["Documents"]) == (JobState.DONE, 1)
    assert in_order(uncertain)[0] == "please refund"


def test_spans_are_ranked_by_likely_places_first_and_by_open_spans_later(uncertain, bob, serving):
    uncertain.questions.all().delete()
    question = make_question(uncertain, "names", kind="span", labels=["Person"])
    texts = ["nothing to be seen here at all", "Anna Berg met Otto Lang", "it rains since monday"]
    make_documents(uncertain, *texts)

    encode_later(uncertain)

    assert question.labels.count() == 1
    assert in_order(uncertain)[0] == texts[1]


def test_a_span_head_that_has_learned_says_what_it_is_unsure_of(
    uncertain, bob, serving, monkeypatch
):
    uncertain.questions.all().delete()
    make_question(uncertain, "names", kind="span", labels=["Person"])
    texts = ["Anna met Otto", "Otto met Berg", "It rains. Since Monday."]
    make_documents(uncertain, *texts)
    heads = live.refresh(uncertain)
    found = {texts[0]: 0.1, texts[1]: 2.5, texts[2]: 0.0}
    head = FoundBefore(found)
    monkeypatch.setattr(live, "refresh", lambda project: [replace(heads[0], head=head)])

    encode_later(uncertain)

    assert in_order(uncertain)[0] == texts[1]


def test_an_engine_that_is_off_fails_the_job_with_its_reason(uncertain, settings):
    settings.ENGINE = "off"

    assert ranking.rank_later(uncertain.pk, anew=True) is None
    assert Job.objects.get(pk=rank(uncertain).pk).state == JobState.FAILED


@pytest.mark.parametrize("order", [QueueOrder.RANDOM, QueueOrder.IMPORTED])
def test_orders_without_a_model_are_never_ranked(project, order, serving):
    project.queue_order = order
    project.save()
    make_documents(project, count=2)

    assert encode_later(project).state == JobState.DONE

    assert not Job.objects.filter(kind=ranking.KIND).exists()


def test_ten_answers_are_reason_to_rank_again_and_nine_are_none(uncertain, bob, serving):
    documents = make_documents(uncertain, count=12)
    encode_later(uncertain)
    before = Job.objects.get(kind=ranking.KIND)

    for document in documents[:9]:
        answer(document, bob, "Refund")
        live.refresh(uncertain)
    assert Job.objects.get(kind=ranking.KIND) == before
    answer(documents[9], bob, "Praise")
    live.refresh(uncertain)

    assert Job.objects.get(kind=ranking.KIND).pk > before.pk
    assert ranked_now(uncertain) == 2


def test_one_job_waits_at_most(uncertain, serving):
    make_documents(uncertain, count=2)
    Job.objects.create(project=uncertain, kind=ranking.KIND, params={"through": 0})

    assert ranking.rank_later(uncertain.pk, anew=True) is None


def test_an_archived_project_is_left_alone(uncertain, serving):
    uncertain.archived_at = "2026-01-01T00:00Z"
    uncertain.save()

    assert ranking.rank_later(uncertain.pk, anew=True) is None


def test_a_new_order_is_ranked_once_the_owner_has_set_it(client_of, project, alice, bob, serving):
    documents = make_documents(project, *REFUNDS, *LATE, in_reserve=False)
    encode_later(project)
    form = {"overlap": "1", "queue_order": "diverse", "reserve_percent": "20"}

    client_of(alice).post("/projects/tickets/settings/queue", {**form, "confirmed": "1 diverse 20"})

    assert Job.objects.filter(kind=ranking.KIND, state=JobState.DONE).count() == 1
    assert Slot.objects.filter(rank__lt=1).count() == len(documents)


def test_a_blind_answer_covers_nothing(uncertain, bob, serving):
    """What nobody may learn from must not steer what is learned from either."""
    blind = make_documents(uncertain, *LATE[:4], in_reserve=True, display_coin=0.1)
    for document in blind:
        answer(document, bob, "Late delivery")
    uncertain.queue_order = QueueOrder.DIVERSE
    uncertain.save()
    make_documents(uncertain, *LATE[4:], *REFUNDS[:2])

    encode_later(uncertain)

    assert in_order(uncertain)[0] in LATE[4:]
