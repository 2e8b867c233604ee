from __future__ import annotations

import asyncio
import json
import threading
import uuid
from typing import Self

import pytest
from asgiref.sync import sync_to_async
from channels.routing import URLRouter
from channels.testing import WebsocketCommunicator
from django.contrib.auth.models import AnonymousUser

from inference import consumers, engine, live
from inference.choices import heads
from inference.encoders.fake_engine import FakeEngine
from inference.models import ModelVersion, Suggestion, Vector
from inference.routing import websocket_urlpatterns
from labeling.models import Exposure, Presence
from projects.models import Membership, Role
from tests.factories import answer, make_documents, make_member, make_project, make_question

pytestmark = pytest.mark.django_db(transaction=True)

PATIENCE = 30
in_db = sync_to_async
BLIND = {"in_reserve": True, "display_coin": 0.1}


class Tab(WebsocketCommunicator):
    """One tab of a person on the labelling page."""

    def __init__(self, user, slug: str = "tickets") -> None:
        super().__init__(URLRouter(websocket_urlpatterns), f"/ws/projects/{slug}/")
        self.scope["user"] = user

    async def __aenter__(self) -> Self:
        connected, _ = await self.connect(timeout=PATIENCE)
        assert connected
        self.hello = await self.hear()
        return self

    async def __aexit__(self, *_) -> None:
        await self.disconnect(timeout=PATIENCE)

    async def hear(self) -> dict:
        return json.loads(await self.receive_from(timeout=PATIENCE))

    async def hear_of(self, kind: str) -> dict:
        """The next frame of this type; what the engine says of itself may come in between, and
        suggestions that became better.
        """
        while (frame := await self.hear())["type"] != kind:
            assert frame["type"] in ("engine", "suggestion")
        return frame

    async def open(self, document) -> dict:
        await self.say(type="open", document=document.pk)
        return await self.hear_of("suggestion")

    async def say(self, **frame) -> None:
        await self.send_to(text_data=json.dumps(frame))

    async def hung_up(self) -> int:
        closing = await self.receive_output(timeout=PATIENCE)
        assert closing["type"] == "websocket.close"
        return closing["code"]


@pytest.fixture
def refund(project, serving):
    [document] = make_documents(project, "I want a refund of my money")
    return document


@pytest.fixture
def hidden(project, serving):
    [document] = make_documents(project, "I want a refund of all my money", **BLIND)
    return document


async def stored(count: int) -> list[Exposure]:
    """The exposures, once so many are stored: the frame goes out before the rows do."""
    for _ in range(500):
        rows = await in_db(list)(Exposure.objects.order_by("created_at", "pk"))
        if len(rows) >= count:
            return rows
        await asyncio.sleep(0.02)
    raise AssertionError(f"{len(rows)} exposures, not {count}")


async def test_a_tab_is_greeted(project, bob, refund):
    await in_db(answer)(refund, bob, "Refund")

    async with Tab(bob) as tab:
        assert tab.hello == {"type": "hello", "protocol": 1, "engine": "ready", "answers": 1}


async def test_an_open_document_gets_its_suggestion(project, question, bob, refund):
    labels = await in_db(list)(question.labels.all())

    async with Tab(bob) as tab:
        frame = await tab.open(refund)
        [exposure] = await stored(1)

    assert frame["document"] == refund.pk
    assert frame["question"] == question.pk
    assert frame["model"] == {"name": "Fake encoder live", "version": "1.0"}
    assert frame["items"][0]["label"] == labels[0].pk
    assert [item["offered"] for item in frame["items"]] == [True, False, False]
    assert str(exposure.pk) == frame["exposure"]
    assert exposure.items == frame["items"]
    assert exposure.annotator_id == bob.pk
    assert exposure.model_version == "Fake encoder live 1.0"
    assert exposure.sent_at is not None
    suggestion = await Suggestion.objects.aget()
    assert suggestion.items == frame["items"]
    assert suggestion.version == "1.0"
    assert await Vector.objects.filter(text_hash=refund.text_hash).acount() == 1


async def test_a_blind_document_looks_as_if_the_model_abstained(project, bob, hidden, monkeypatch):
    async with Tab(bob) as tab:
        blind = await tab.open(hidden)
        [exposure] = await stored(1)
        await live.refreshed(project)
        monkeypatch.setattr("inference.choices.heads.Head.suggest", lambda *_: [])
        [document] = await in_db(make_documents)(project, "nothing anybody could place")
        abstained = await tab.open(document)

    assert blind["items"] == abstained["items"] == []
    same = {"type", "document", "question", "exposure", "model", "items"}
    assert blind.keys() == abstained.keys() == same
    assert blind["model"] == abstained["model"]
    assert exposure.arm == "blind"
    assert exposure.sent_at is None
    assert exposure.items[0]["offered"]


async def test_the_suggestion_for_a_blind_document_is_stored(project, bob, hidden):
    async with Tab(bob) as tab:
        await tab.open(hidden)
        await stored(1)

    suggestion = await Suggestion.objects.aget()
    assert suggestion.items[0]["offered"]


async def test_each_question_gets_a_frame(project, question, bob, refund):
    tone = await in_db(make_question)(project, "tone", labels=["Kind", "Angry"], multiple=True)

    async with Tab(bob) as tab:
        first = await tab.open(refund)
        second = await tab.hear()
        await stored(2)

    assert [first["question"], second["question"]] == [question.pk, tone.pk]
    assert first["exposure"] != second["exposure"]


async def test_opening_twice_is_two_exposures_of_one_suggestion(project, bob, refund):
    async with Tab(bob) as tab:
        await tab.open(refund)
        await tab.open(refund)
        await stored(2)

    assert await Suggestion.objects.acount() == 1


async def test_an_answer_is_heard_by_the_other_tab_and_learned_from(project, bob, refund):
    async with Tab(bob) as tab:
        await tab.open(refund)
        client_id = uuid.uuid4()
        submitted = await in_db(answer)(refund, bob, "Refund", client_id=client_id)
        frame = await tab.hear_of("answered")
        await live.refreshed(project)
        again = await tab.open(refund)

    assert frame == {"type": "answered", "document": refund.pk, "client_id": str(client_id)}
    assert again["model"]["version"] == f"1.{submitted.event.pk}"


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("{", "not_json"),
        ("[" * 3000, "not_json"),
        ("[1, 2]", "unknown_type"),
        ('"open"', "unknown_type"),
        ('{"type": "subscribe"}', "unknown_type"),
        ('{"type": "open"}', "bad_document"),
        ('{"type": "open", "document": "12"}', "bad_document"),
        ('{"type": "open", "document": true}', "bad_document"),
        ('{"type": "open", "document": -1}', "bad_document"),
        ('{"type": "open", "document": 1e3}', "bad_document"),
        ('{"type": "open", "document": 9223372036854775808}', "bad_document"),
        ('{"type": "open", "document": 9223372036854775807}', "not_found"),
        ('{"type": "ping", "padding": "' + "x" * 5000 + '"}', "too_large"),
    ],
)
async def test_a_frame_that_makes_no_sense_is_answered_and_survived(bob, refund, text, code):
    async with Tab(bob) as tab:
        await tab.send_to(text_data=text)
        assert (await tab.hear_of("error"))["code"] == code

        assert (await tab.open(refund))["document"] == refund.pk


async def test_bytes_are_answered_and_survived(bob, refund):
    async with Tab(bob) as tab:
        await tab.send_to(bytes_data=b"\x00\xff")
        assert (await tab.hear_of("error"))["code"] == "not_text"

        assert (await tab.open(refund))["document"] == refund.pk


async def test_a_document_of_another_project_is_not_found(project, bob, refund):
    other = await in_db(make_project)("Other", slug="other")
    await in_db(make_question)(other)
    await in_db(make_member)(other, "owen", Role.OWNER)
    [foreign] = await in_db(make_documents)(other, "a secret refund")

    async with Tab(bob) as tab:
        await tab.say(type="open", document=foreign.pk)
        frame = await tab.hear_of("error")

    assert frame == {"type": "error", "code": "not_found", "message": "No such document here."}
    assert await Exposure.objects.acount() == 0


async def test_a_staged_document_is_not_found(project, bob, serving):
    [staged] = await in_db(make_documents)(project, "not whole yet", state="staged")
    await in_db(lambda: project.documents.update(state="staged"))()

    async with Tab(bob) as tab:
        await tab.say(type="open", document=staged.pk)
        assert (await tab.hear_of("error"))["code"] == "not_found"


@pytest.mark.parametrize(
    ("person", "code"), [("vera", 4403), ("charlie", 4404)], ids=["viewer", "stranger"]
)
async def test_who_may_not_label_is_hung_up_on(request, project, person, code):
    tab = Tab(await in_db(request.getfixturevalue)(person))

    await tab.connect(timeout=PATIENCE)

    assert await tab.hung_up() == code
    assert await Presence.objects.acount() == 0


async def test_who_is_not_signed_in_is_hung_up_on(project):
    tab = Tab(AnonymousUser())

    await tab.connect(timeout=PATIENCE)

    assert await tab.hung_up() == 4401


async def test_no_project_is_told_from_one_that_is_not_mine(bob):
    tab = Tab(bob, slug="no-such-project")

    await tab.connect(timeout=PATIENCE)

    assert await tab.hung_up() == 4404


async def test_a_ping_renews_and_is_answered(bob, refund):
    async with Tab(bob) as tab:
        before = (await Presence.objects.aget()).seen_at
        await tab.say(type="ping")
        assert (await tab.hear_of("pong")) == {"type": "pong"}
        assert (await Presence.objects.aget()).seen_at > before


@pytest.mark.parametrize("frame", [{"type": "ping"}, {"type": "open", "document": 1}])
async def test_a_removed_member_is_hung_up_on(bob, refund, frame):
    async with Tab(bob) as tab:
        await Membership.objects.filter(user=bob).adelete()
        await tab.say(**frame)

        assert await tab.hung_up() == 4403


async def test_a_tab_that_closes_is_no_longer_present(bob, refund):
    async with Tab(bob):
        assert await Presence.objects.acount() == 1

    assert await Presence.objects.acount() == 0


class Gated(FakeEngine):
    """Encodes documents only once its gate is open."""

    gate = threading.Event()
    waiting = threading.Event()

    def encode(self, texts):
        if any("slow" in text for text in texts):
            self.waiting.set()
            assert self.gate.wait(10)
        return super().encode(texts)


@pytest.fixture
def gated(monkeypatch):
    monkeypatch.setattr(Gated, "gate", threading.Event())
    monkeypatch.setattr(Gated, "waiting", threading.Event())
    monkeypatch.setattr(engine, "build_engine", Gated)
    # Nothing is encoded ahead: the test decides who waits for what.
    monkeypatch.setattr(consumers, "encode_later", lambda project: None)
    running = engine.serving()
    running.started.result(timeout=PATIENCE)
    yield Gated
    Gated.gate.set()


async def test_a_newer_open_supersedes_the_older(project, bob, gated):
    slow, quick = await in_db(make_documents)(project, "a slow document", "a slow one too")

    async with Tab(bob) as tab:
        await tab.say(type="open", document=slow.pk)
        await asyncio.to_thread(gated.waiting.wait, 10)
        await tab.say(type="open", document=quick.pk)
        await tab.say(type="ping")
        await tab.hear_of("pong")
        gated.gate.set()
        frame = await tab.hear_of("suggestion")
        await stored(1)

    assert frame["document"] == quick.pk
    assert await Exposure.objects.filter(document=slow).acount() == 0


async def test_a_model_too_slow_is_said_to_be(project, bob, gated, monkeypatch):
    monkeypatch.setattr(consumers, "PATIENCE_SECONDS", 0.05)
    [slow] = await in_db(make_documents)(project, "a slow document")

    async with Tab(bob) as tab:
        await tab.say(type="open", document=slow.pk)
        frame = await tab.hear_of("unavailable")
        await in_db(answer)(slow, bob, "Refund")  # submitting does not wait for it
        gated.gate.set()

    assert frame == {
        "type": "unavailable",
        "document": slow.pk,
        "reason": "The model is slow just now.",
    }


async def test_a_model_that_crashes_is_said_to_and_the_next_document_works(
    project, bob, refund, monkeypatch
):
    encode = FakeEngine.encode

    def crashing(self, texts):
        if any("crash" in text for text in texts):
            raise MemoryError("no room")
        return encode(self, texts)

    monkeypatch.setattr(FakeEngine, "encode", crashing)
    monkeypatch.setattr(consumers, "encode_later", lambda project: None)
    [bad] = await in_db(make_documents)(project, "crash")

    async with Tab(bob) as tab:
        await tab.say(type="open", document=bad.pk)
        frame = await tab.hear_of("unavailable")
        await in_db(answer)(bad, bob, "Refund")
        assert (await tab.hear_of("answered"))["document"] == bad.pk
        assert (await tab.open(refund))["document"] == refund.pk

    assert frame["reason"] == "The model could not read this document."


async def test_a_slow_fit_leaves_the_last_good_head_serving(project, bob, refund, monkeypatch):
    gate, fitting = threading.Event(), threading.Event()
    fit = heads.fit

    def slow(**learned):
        fitting.set()
        assert gate.wait(PATIENCE)
        return fit(**learned)

    async with Tab(bob) as tab:
        await tab.open(refund)
        monkeypatch.setattr(heads, "fit", slow)
        await in_db(answer)(refund, bob, "Refund")
        await tab.hear_of("answered")
        await asyncio.to_thread(fitting.wait, PATIENCE)
        meanwhile = await tab.open(refund)
        gate.set()
        await live.refreshed(project)
        afterwards = await tab.open(refund)

    assert meanwhile["model"]["version"] == "1.0"
    assert afterwards["model"]["version"] != "1.0"


async def test_without_an_engine_people_are_told_and_go_on(project, bob, refund, settings):
    settings.ENGINE = "off"

    async with Tab(bob) as tab:
        assert tab.hello["engine"] == "unavailable"
        await tab.say(type="open", document=refund.pk)
        frame = await tab.hear()
        submitted = await in_db(answer)(refund, bob, "Refund")

    assert frame["type"] == "unavailable"
    assert frame["reason"] == "Suggestions are switched off on this server."
    assert submitted.created
    assert await ModelVersion.objects.acount() == 0


class Warming(FakeEngine):
    gate = threading.Event()

    def start(self) -> None:
        assert self.gate.wait(10)


async def test_what_waits_for_the_engine_is_served_when_it_is_ready(project, bob, monkeypatch):
    monkeypatch.setattr(Warming, "gate", threading.Event())
    monkeypatch.setattr(engine, "build_engine", Warming)
    [document] = await in_db(make_documents)(project, "I want a refund")

    async with Tab(bob) as tab:
        assert tab.hello["engine"] == "warming"
        await tab.say(type="open", document=document.pk)
        told = await tab.hear()
        Warming.gate.set()
        ready = await tab.hear_of("engine")
        frame = await tab.hear_of("suggestion")
        await stored(1)

    assert told == {"type": "engine", "state": "warming"}
    assert ready == {"type": "engine", "state": "ready"}
    assert frame["document"] == document.pk


async def test_what_comes_next_is_read_ahead(project, bob, refund, monkeypatch):
    monkeypatch.setattr(consumers, "encode_later", lambda project: None)
    ahead = await in_db(make_documents)(project, "soon", "next")
    hashes = [document.text_hash for document in ahead]

    async with Tab(bob) as tab:
        await tab.open(refund)
        for _ in range(500):
            known = await Vector.objects.filter(text_hash__in=hashes).acount()
            if known == 2:
                break
            await asyncio.sleep(0.02)

    assert known == 2
