"""Better suggestions for documents that lie open, pushed when somebody else answers."""

from __future__ import annotations

import asyncio
import threading
from contextlib import asynccontextmanager

import pytest

from inference import following, live, turns
from inference.models import LiveWeights, Suggestion
from labeling.models import Exposure
from labeling.undo import undo
from labeling.withdraw import withdraw
from tests.factories import answer, make_documents, make_label, make_question
from tests.inference.test_consumers import BLIND, PATIENCE, Tab, in_db, stored

pytestmark = pytest.mark.django_db(transaction=True)

SILENT_SECONDS = 0.5
UNDOING = "6d0f3c5e-0000-4000-8000-000000000001"


@pytest.fixture
def documents(project, serving):
    return make_documents(
        project, "the parcel came late", "my parcel came very late", "another late parcel"
    )


@asynccontextmanager
async def opened(person, document):
    """A tab with this document on screen, and the first suggestion it got."""
    async with Tab(person) as tab:
        tab.first = await tab.open(document)
        await stored(1)
        yield tab


async def newer(tab) -> dict:
    """The next suggestion; versions may be told before it."""
    while (frame := await tab.hear())["type"] != "suggestion":
        assert frame["type"] in {"learned", "engine", "answered"}
    return frame


async def silent_but_for(tab, *kinds: str) -> None:
    """Nothing but these comes in a while."""
    deadline = asyncio.get_running_loop().time() + SILENT_SECONDS
    while not await tab.receive_nothing(timeout=deadline - asyncio.get_running_loop().time()):
        frame = await tab.hear()
        assert frame["type"] in kinds, frame


def offered(frame) -> list[int]:
    return [item["label"] for item in frame["items"] if item["offered"]]


def scores(frame) -> dict[int, float]:
    return {item["label"]: item["score"] for item in frame["items"]}


async def test_an_answer_makes_the_suggestion_on_another_page_better(
    project, question, bob, dora, documents
):
    praise = await question.labels.aget(name="Praise")

    async with opened(dora, documents[1]) as tab:
        submitted = await in_db(answer)(documents[0], bob, praise)
        frame = await newer(tab)
        rows = await stored(2)

    assert frame["document"] == documents[1].pk
    assert frame["model"]["version"] == f"1.{submitted.event.pk}"
    assert scores(frame)[praise.pk] > scores(tab.first)[praise.pk]
    assert frame["exposure"] != tab.first["exposure"]
    assert [str(row.pk) for row in rows] == [tab.first["exposure"], frame["exposure"]]
    assert rows[1].items == frame["items"]
    assert rows[1].sent_at >= rows[0].sent_at


async def test_it_comes_without_a_channel_layer_too(project, bob, dora, documents, monkeypatch):
    """As in the embedded default, where what the worker says reaches no page."""
    monkeypatch.setattr(following, "POLL_SECONDS", 0.1)
    async with opened(dora, documents[1]) as tab:
        monkeypatch.setattr("labeling.presence.tell_everybody", lambda *_: None)
        await in_db(answer)(documents[0], bob, "Praise")
        frame = await newer(tab)

    assert frame["document"] == documents[1].pk


async def test_a_head_that_another_process_fitted_is_shown(
    project, bob, dora, documents, monkeypatch
):
    monkeypatch.setattr(following, "POLL_SECONDS", 0.1)

    def another_process() -> None:
        here = dict(live._held)
        monkeypatch.setattr(live, "has_news", lambda _: False)
        answer(documents[0], bob, "Praise")
        live.refresh(project)
        live._held.clear()
        live._held.update(here)
        monkeypatch.undo()

    async with opened(dora, documents[1]) as tab:
        monkeypatch.setattr("labeling.presence.tell_everybody", lambda *_: None)
        await asyncio.get_running_loop().run_in_executor(live.fits, another_process)
        frame = await newer(tab)

    assert frame["document"] == documents[1].pk


async def test_what_is_taken_back_is_unlearned_on_open_pages(
    project, question, bob, dora, alice, documents
):
    async with opened(dora, documents[1]) as tab:
        await in_db(answer)(documents[0], bob, "Praise")
        await newer(tab)
        await in_db(undo)(project=project, annotator=bob, client_id=UNDOING)
        undone = await newer(tab)
        await in_db(answer)(documents[2], bob, "Praise")
        await newer(tab)
        annotation = await documents[2].annotations.aget()
        client_id = "6d0f3c5e-0000-4000-8000-000000000002"
        await in_db(withdraw)(
            annotation=annotation, owner=alice, reason="wrong", client_id=client_id
        )
        withdrawn = await newer(tab)

    first = pytest.approx(scores(tab.first), abs=0.011)
    assert scores(undone) == first
    assert scores(withdrawn) == first


async def test_a_blind_document_gets_nothing_but_the_version(project, bob, dora, documents):
    [hidden] = await in_db(make_documents)(project, "the parcel came late again", **BLIND)

    async with opened(dora, hidden) as tab:
        await in_db(answer)(documents[0], bob, "Praise")
        while (await tab.hear())["type"] != "learned":
            pass
        await silent_but_for(tab, "learned")

    assert tab.first["items"] == []
    assert await Exposure.objects.acount() == 1


async def test_an_answer_to_a_blind_document_teaches_nobody(project, bob, dora, documents):
    [hidden] = await in_db(make_documents)(project, "the parcel came late again", **BLIND)

    async with opened(dora, documents[1]) as tab:
        await in_db(answer)(hidden, bob, "Praise")
        await silent_but_for(tab)

    assert await Suggestion.objects.acount() == 1


async def test_what_looks_the_same_is_not_sent_again(project, bob, dora, documents, monkeypatch):
    async with opened(dora, documents[1]) as tab:
        items = [(0, 0.70004, True), (1, 0.3, False)]
        monkeypatch.setattr("inference.choices.heads.Head.suggest", lambda *_: items)
        await in_db(answer)(documents[0], bob, "Praise")
        await newer(tab)
        items[0] = (0, 0.70131, True)
        await in_db(answer)(documents[2], bob, "Praise")
        while (frame := await tab.hear())["type"] != "learned":
            assert frame["type"] == "answered"
        await silent_but_for(tab, "learned")

    assert await Exposure.objects.acount() == 2


async def test_only_what_changed_is_sent(project, question, bob, dora, documents, monkeypatch):
    tone = await in_db(make_question)(project, "tone", labels=["Kind", "Angry"], multiple=True)
    columns = {"always": [(0, 0.9, True)], "changing": [(0, 0.9, True)]}
    kind = {3: "changing", 2: "always"}
    monkeypatch.setattr(
        "inference.choices.heads.Head.suggest", lambda head, *_: columns[kind[len(head.prototypes)]]
    )

    async with Tab(dora) as tab:
        first = await tab.open(documents[1])
        second = await tab.hear()
        await stored(2)
        columns["changing"] = [(1, 0.9, True)]
        await in_db(answer)(documents[0], bob, "Praise", "Kind")
        frame = await newer(tab)
        await silent_but_for(tab, "learned")

    assert [first["question"], second["question"]] == [question.pk, tone.pk]
    assert frame["question"] == question.pk
    assert await Exposure.objects.acount() == 3


async def test_a_page_that_moved_on_gets_nothing_for_the_document_before(
    project, bob, dora, documents
):
    async with opened(dora, documents[1]) as tab:
        await tab.open(documents[2])
        await stored(2)
        await in_db(answer)(documents[0], bob, "Praise")
        frame = await newer(tab)

    assert frame["document"] == documents[2].pk


async def test_a_burst_of_answers_is_two_fits(project, bob, dora, serving, monkeypatch):
    texts = [f"the parcel number {n} came late" for n in range(20)]
    *many, last = await in_db(make_documents)(project, *texts, "a parcel that came late")
    fits, gate, fit_choice = [], threading.Event(), live.fit_choice

    def slow(*of):
        fits.append(of)
        assert gate.wait(PATIENCE)
        return fit_choice(*of)

    async with opened(dora, last) as tab:
        monkeypatch.setattr(live, "fit_choice", slow)
        for document in many:
            submitted = await in_db(answer)(document, bob, "Praise")
        gate.set()
        version = f"1.{submitted.event.pk}"
        while (await tab.hear()).get("model", {}).get("version") != version:
            pass

    assert len(fits) <= 2  # of the first, and of all that came meanwhile


async def test_a_label_that_is_gone_is_not_suggested(project, question, dora, documents):
    gone = await in_db(make_label)(question, "Broken")

    async with opened(dora, documents[1]) as tab:
        assert gone.pk in scores(tab.first)
        await in_db(gone.delete)()  # by a hand that tells nobody
        frame = await tab.open(documents[2])

    assert gone.pk not in scores(frame)


async def test_a_dead_process_is_followed_by_who_has_the_page_open(
    project, question, bob, dora, documents, monkeypatch
):
    monkeypatch.setattr(following, "POLL_SECONDS", 0.1)

    async with opened(dora, documents[1]) as tab:
        await in_db(turns.want)([question.pk])
        while not (theirs := await in_db(turns.take)([question.pk])):
            await in_db(turns.want)([question.pk])
        await in_db(answer)(documents[0], bob, "Praise")
        await silent_but_for(tab)
        await LiveWeights.objects.aupdate(leased_until="2000-01-01T00:00:00Z")
        frame = await newer(tab)

    assert frame["document"] == documents[1].pk
    assert (await LiveWeights.objects.aget()).fence > theirs[0].fence


async def test_nobody_follows_a_project_that_nobody_has_open(project, bob, dora, documents):
    async with Tab(bob), Tab(dora):
        assert list(following._followers) == [project.pk]

    assert following._followers == {}
