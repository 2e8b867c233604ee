"""Promotion and rollback as open pages see them: no request is lost, the better one is pushed."""

from __future__ import annotations

import asyncio
import threading

import pytest
from asgiref.sync import sync_to_async

from inference import live
from inference.encoders.fake_engine import FakeEngine
from inference.models import ModelVersion, Stage, Suggestion
from inference.predicting import predictor_of
from projects.changes import announce_change
from projects.models import Role
from tests.factories import make_documents, make_member
from tests.inference.test_consumers import Tab
from tests.inference.tiny_models import make_folder, register

pytestmark = pytest.mark.django_db(transaction=True)
in_db = sync_to_async
LIVE = "Fake encoder live"
TINY = "Tiny fine-tuned"


@pytest.fixture
def version(question, tmp_path, settings):
    settings.MEDIA_ROOT = tmp_path / "files"
    settings.TORCH_THREADS = 1
    labels = [label.pk for label in question.labels.all()]
    folder = make_folder(tmp_path / "made", ["a", "b", "c"])
    return register(question, folder, labels, parameters={"temperature": 0.01})


def staged(version: ModelVersion, stage: Stage) -> None:
    ModelVersion.objects.filter(pk=version.pk).update(stage=stage)
    announce_change(version.project_id)


async def frame_of(tab: Tab, model: str) -> dict:
    """The next suggestion of this model; older ones may still be on their way."""
    while True:
        frame = await tab.hear()
        if frame["type"] == "suggestion" and frame["model"]["name"] == model:
            return frame


async def test_an_open_page_gets_what_the_promoted_version_says(project, bob, version, serving):
    [document] = await in_db(make_documents)(project, "I want a refund of my money")

    async with Tab(bob) as tab:
        assert (await tab.open(document))["model"]["name"] == LIVE
        await in_db(staged)(version, Stage.CHAMPION)
        promoted = await frame_of(tab, TINY)
        await in_db(staged)(version, Stage.ARCHIVED)
        back = await frame_of(tab, LIVE)

    assert promoted["document"] == back["document"] == document.pk
    assert promoted["model"] == {"name": TINY, "version": str(version.number)}
    assert {item["label"] for item in promoted["items"]} == {
        label.pk async for label in version.question.labels.all()
    }


async def test_a_swap_loses_no_request(project, version, serving):
    documents = await in_db(make_documents)(project, *[f"refund {n} please" for n in range(24)])
    people = [await in_db(make_member)(project, f"member{n}", Role.ANNOTATOR) for n in range(3)]
    said: list[str] = []

    async def work(person, mine) -> None:
        async with Tab(person) as tab:
            for document in mine:
                await tab.say(type="open", document=document.pk)
                while True:
                    frame = await tab.hear()
                    assert frame["type"] != "unavailable"
                    if frame["type"] == "suggestion" and frame["document"] == document.pk:
                        break
                said.append(frame["model"]["name"])

    async def swap() -> None:
        for stage in (Stage.CHAMPION, Stage.ARCHIVED, Stage.CHAMPION):
            await asyncio.sleep(0.05)
            await in_db(staged)(version, stage)
            await live.refreshed(project)

    await asyncio.gather(
        swap(), *(work(person, documents[n::3]) for n, person in enumerate(people))
    )

    assert len(said) == len(documents)
    for _ in range(200):
        stored = await Suggestion.objects.values("document").distinct().acount()
        if stored == len(documents):
            break
        await asyncio.sleep(0.02)
    assert stored == len(documents)


async def test_a_hundred_requests_in_flight_over_a_promotion_are_each_answered_by_one_version(
    project, version, serving, monkeypatch
):
    documents = await in_db(make_documents)(project, *[f"refund {n} please" for n in range(100)])
    people = [await in_db(make_member)(project, f"p{n}", Role.ANNOTATOR) for n in range(100)]
    before = await live.refreshed(project)
    gate, encode = threading.Event(), FakeEngine.encode

    def held(self, texts):
        assert gate.wait(60)
        return encode(self, texts)

    monkeypatch.setattr(FakeEngine, "encode", held)
    monkeypatch.setattr("inference.consumers.encode_later", lambda _: None)
    monkeypatch.setattr("inference.consumers.PATIENCE_SECONDS", 60)
    tabs = await asyncio.gather(*(Tab(person).__aenter__() for person in people))
    await asyncio.gather(
        *(tab.say(type="open", document=one.pk) for tab, one in zip(tabs, documents, strict=True))
    )
    for _ in range(3000):
        if len(serving.batcher._waiting) + len(serving.batcher._running) == len(documents):
            break
        await asyncio.sleep(0.01)
    else:
        raise AssertionError("Not all of them are in flight.")
    await in_db(staged)(version, Stage.CHAMPION)
    [after] = await live.refreshed(project)
    gate.set()
    first = await asyncio.gather(*(frame_of(tab, LIVE) for tab in tabs))
    then = await asyncio.gather(*(frame_of(tab, TINY) for tab in tabs))
    await asyncio.gather(*(tab.__aexit__() for tab in tabs))

    assert after.model_version == version.pk != before[0].model_version
    opened = [one.pk for one in documents]
    assert [frame["document"] for frame in first] == opened
    assert [frame["document"] for frame in then] == opened
    own = await in_db(lambda: predictor_of(version).predict(documents))()
    assert [labels(frame["items"]) for frame in then] == [labels(items) for items in own]
    assert all(labels(old["items"]) for old in first)
    kept = Suggestion.objects.values_list("document", "model_version", "items")
    said = {(document, model): items async for document, model, items in kept}
    assert [said[frame["document"], before[0].model_version] for frame in first] == [
        frame["items"] for frame in first
    ]


def labels(items) -> list[int]:
    return [item["label"] for item in items]
