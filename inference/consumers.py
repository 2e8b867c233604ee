"""The socket of the labelling page: suggestions out, presence in. See docs/protocol.md."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Coroutine
from typing import Any

from channels.generic.websocket import AsyncWebsocketConsumer

from inference import engine, following, frames, live, opening, suggesting, vectors
from inference.admission import NOT_ALLOWED, NOT_FOUND, Admitted, Refused, admit
from inference.batcher import Busy
from inference.encoding import encode_later
from inference.engine import EngineState, Unavailable
from inference.following import Follower
from inference.frames import BadFrame
from inference.opening import Opened
from inference.suggesting import Suggested
from inference.threads import in_thread, looked_up
from labeling import presence
from projects.models import Document

logger = logging.getLogger(__name__)

PATIENCE_SECONDS = 10
SLOW = "The model is slow just now."
BROKEN = "The model could not read this document."


class LabelingConsumer(AsyncWebsocketConsumer):
    """One tab of one person in one project."""

    me: Admitted | None = None

    async def connect(self) -> None:
        self.tasks: set[asyncio.Task[None]] = set()
        self.finishing: set[asyncio.Task[None]] = set()
        self.opening: asyncio.Task[None] | None = None
        self.ahead: asyncio.Task[None] | None = None
        self.follower: Follower | None = None
        self.moved = asyncio.Event()
        self.document: int | None = None
        self.sent: dict[int, list[tuple[Any, ...]]] = {}
        self.versions: dict[int, str] = {}
        try:
            self.me = await in_thread(admit)(self.scope, self.channel_name)
        except Refused as refusal:
            # A close before the handshake would reach the browser as a mere failure to connect.
            await self.accept()  # type: ignore[no-untyped-call]
            await self.hang_up(refusal.code)
            return
        for group in self.me.groups:
            await self.channel_layer.group_add(group, self.channel_name)
        await self.accept()  # type: ignore[no-untyped-call]
        await self.say(frames.hello(engine.state().name, self.me.answers))
        self.follower = following.join(self.me.project, self.moved.set)
        self.start(self.keep_current(self.me))
        self.start(self.follow_engine(self.me))

    async def disconnect(self, code: int) -> None:
        for task in self.tasks:
            task.cancel()
        await asyncio.gather(*self.tasks, *self.finishing, return_exceptions=True)
        if self.follower is not None:
            following.leave(self.follower, self.moved.set)
        if self.me is not None:
            for group in self.me.groups:
                await self.channel_layer.group_discard(group, self.channel_name)
            await in_thread(presence.left)(**self.me.as_present(self.channel_name))

    async def receive(
        self,
        text_data: str | None = None,
        bytes_data: bytes | None = None,
    ) -> None:
        if self.me is None:
            return
        try:
            frame = frames.read(text_data)
        except BadFrame as problem:
            await self.say(frames.error(problem))
            return
        match frame:
            case frames.Open(document):
                self.open(self.me, document)
            case frames.Ping():
                await self.ping(self.me)

    async def answered(self, message: dict[str, Any]) -> None:
        """Another tab of this person submitted: tell this one."""
        await self.say(message)

    async def model_stirred(self, _message: dict[str, Any]) -> None:
        """Answers changed, or another process has refitted."""
        if self.follower is not None:
            self.follower.look()

    async def project_gone(self, _message: dict[str, Any]) -> None:
        """The project was deleted: nothing of it is suggested or learned any more."""
        await self.hang_up(NOT_FOUND)

    async def ping(self, me: Admitted) -> None:
        if await in_thread(presence.renew)(**me.as_present(self.channel_name)):
            await self.say({"type": "pong"})
        else:
            await self.hang_up(NOT_ALLOWED)

    def open(self, me: Admitted, document: int) -> None:
        """Suggest for this document, and no longer for the one before it."""
        for task in (self.opening, self.ahead):
            if task is not None:
                task.cancel()
        self.document, self.sent = document, {}
        self.opening = self.start(self.serve(me, document))

    async def serve(self, me: Admitted, document: int) -> None:
        """Answer an open, whatever happens to the model meanwhile."""
        try:
            async with asyncio.timeout(PATIENCE_SECONDS):
                opened, suggested = await self.suggestions(me, document)
        except Document.DoesNotExist:
            await self.refuse(me)
        except (Unavailable, Busy) as reason:
            await self.say(frames.not_now(engine.state().name, document, str(reason)))
        except TimeoutError:
            await self.say(frames.unavailable(document, SLOW))
        except Exception:
            logger.exception("suggestion_failed", extra={"document": document})
            await self.say(frames.unavailable(document, BROKEN))
        else:
            await self.deliver(me, opened, suggested)
            self.look_thoroughly()
            self.ahead = self.start(self.read_ahead(me))

    async def suggestions(self, me: Admitted, document: int) -> tuple[Opened, list[Suggested]]:
        """What the model says about a document."""
        serving = engine.serving()
        encoder = serving.engine.name
        heads = live.latest(me.project.pk)
        if heads is None:
            heads = await live.refreshed(me.project)
        needs = opening.needs_of(heads)
        opened = await looked_up(
            suggesting.look_up,
            project_id=me.project.pk,
            user_id=me.user_id,
            document_id=document,
            encoder=encoder,
            needs=needs,
        )
        opened = await opening.complete(opened, needs, serving.batcher)
        return opened, await asyncio.to_thread(suggesting.suggest, opened, heads)

    async def deliver(self, me: Admitted, opened: Opened, suggested: list[Suggested]) -> None:
        """Send and store. What was sent is also stored if the person has moved on by then."""
        for one in suggested:
            self.sent[one.head.question] = one.looks
            self.versions[one.head.question] = one.head.version
        work = self.send_and_store(me, opened, suggested)
        await asyncio.shield(self.start(work, finish=True))

    async def send_and_store(
        self, me: Admitted, opened: Opened, suggested: list[Suggested]
    ) -> None:
        for one in suggested:
            await self.say(one.frame(opened.document.pk))
        await in_thread(suggesting.store)(opened=opened, user_id=me.user_id, suggested=suggested)

    async def keep_current(self, me: Admitted) -> None:
        """Whenever a head is another one: what is on screen gets what that one says."""
        while await self.moved.wait():
            self.moved.clear()
            while self.opening is not None and not self.opening.done():
                await asyncio.wait([self.opening])
            try:
                if self.document is not None:
                    await self.suggest_again(me, self.document)
                for head in live.latest(me.project.pk) or ():
                    if self.versions.get(head.question) != head.version:
                        self.versions[head.question] = head.version
                        await self.say(frames.learned(head.question, head.model))
            except (Unavailable, Busy, Document.DoesNotExist):
                continue
            except Exception:
                logger.exception("suggestion_failed", extra={"document": self.document})

    async def suggest_again(self, me: Admitted, document: int) -> None:
        """Send what looks different from what was sent before. Of a blind document nothing does."""
        opened, suggested = await self.suggestions(me, document)
        if self.document == document and self.opening is not None and self.opening.done():
            other = [one for one in suggested if self.sent.get(one.head.question) != one.looks]
            if other:
                await self.deliver(me, opened, other)

    def look_thoroughly(self) -> None:
        """Have the heads brought up to date, behind whatever was just sent."""
        if self.follower is not None:
            self.follower.look(thoroughly=True)

    async def refuse(self, me: Admitted) -> None:
        """There is no such document here, or this person is no longer let in."""
        if await in_thread(presence.renew)(**me.as_present(self.channel_name)):
            await self.say(frames.error(BadFrame("not_found", "No such document here.")))
        else:
            await self.hang_up(NOT_ALLOWED)

    async def read_ahead(self, me: Admitted) -> None:
        """Encode what the queue gives out next, one text at a time, so that opens need not wait."""
        try:
            serving = engine.serving()
            encoder = serving.engine.name
            needs = opening.needs_of(live.latest(me.project.pk) or ())
            ahead = {}
            for known in await in_thread(suggesting.coming_up)(me.project, encoder, needs):
                read = await opening.complete(known, needs, serving.batcher)
                if read.fresh is not None:
                    ahead[read.document.text_hash] = read.fresh
            await in_thread(vectors.keep)(encoder, ahead)
        except (Unavailable, Busy):
            return
        except Exception:
            logger.exception("reading_ahead_failed", extra={"project": me.project.pk})

    async def follow_engine(self, me: Admitted) -> None:
        """Tell the page when the engine comes or goes; serve what it waits for when it comes."""
        loop, states = asyncio.get_running_loop(), asyncio.Queue[EngineState]()
        try:
            serving = engine.serving()
        except Unavailable:
            return
        stop = serving.listen(lambda state: loop.call_soon_threadsafe(states.put_nowait, state))
        try:
            await in_thread(encode_later)(me.project)
            while state := await states.get():
                await self.say({"type": "engine", "state": state.name})
                if state.name == "ready":
                    self.look_thoroughly()
                    if self.document is not None:
                        self.open(me, self.document)
        finally:
            stop()

    async def say(self, frame: dict[str, Any]) -> None:
        await self.send(frames.write(frame))  # type: ignore[no-untyped-call]

    async def hang_up(self, code: int) -> None:
        await self.close(code)  # type: ignore[no-untyped-call]

    def start(self, work: Coroutine[Any, Any, None], *, finish: bool = False) -> asyncio.Task[None]:
        """Run beside the socket; cancelled with it, unless it is to finish."""
        task = asyncio.create_task(work)
        tasks = self.finishing if finish else self.tasks
        tasks.add(task)
        task.add_done_callback(tasks.discard)
        return task
