"""Keeping the heads of a project current while pages of it are open in this process.

The channel layer brings the news at once, but it may lose a message, and in the embedded default
the worker's never arrive. So the database is asked as well, every two seconds: one short query for
each project that somebody has open.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from contextlib import suppress

from channels.layers import get_channel_layer

from inference import live, turns
from inference.engine import Unavailable
from inference.live import LiveHead
from inference.threads import looked_up
from labeling import presence
from projects.changes import when_changed
from projects.models import Project

logger = logging.getLogger(__name__)

POLL_SECONDS = 2.0
STIRRED = {"type": "model.stirred"}
"""Answers changed, or a head did: look into the database."""

Page = Callable[[], None]


@when_changed
def stir(project_id: int) -> None:
    """Have the project's heads refitted, at once where somebody has it open."""
    turns.want_all(project_id)
    presence.tell_everybody(project_id, STIRRED)


class Follower:
    """Follows one project for the pages that are open here. Lives on the event loop."""

    def __init__(self, project: Project) -> None:
        self.project = project
        self.pages: set[Page] = set()
        self._due = asyncio.Event()
        self._thoroughly = True
        self._told: tuple[LiveHead, ...] | None = None
        self._task = asyncio.create_task(self._run())

    def look(self, *, thoroughly: bool = False) -> None:
        """Look for news now; thoroughly: also for a change that nobody announced."""
        self._thoroughly |= thoroughly
        self._due.set()

    def stop(self) -> None:
        self._task.cancel()

    async def _run(self) -> None:
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(POLL_SECONDS):
                    await self._due.wait()
            self._due.clear()
            try:
                await self._catch_up()
            except Unavailable:
                pass  # the pages have been told; the heads follow when the engine is there
            except Exception:
                logger.exception("following_failed", extra={"project": self.project.pk})

    async def _catch_up(self) -> None:
        thoroughly, self._thoroughly = self._thoroughly, False
        if thoroughly or await looked_up(live.has_news, self.project.pk):
            await live.refreshed(self.project)
        heads = live.latest(self.project.pk)
        if heads is self._told:
            return
        self._told = heads
        for page in tuple(self.pages):
            page()
        layer = get_channel_layer()
        if layer is not None:
            await layer.group_send(presence.project_group(self.project.pk), STIRRED)


_followers: dict[int, Follower] = {}


def join(project: Project, page: Page) -> Follower:
    """Call `page` whenever a head of the project is another one, until it leaves."""
    follower = _followers.get(project.pk)
    if follower is None:
        follower = _followers[project.pk] = Follower(project)
    follower.pages.add(page)
    return follower


def leave(follower: Follower, page: Page) -> None:
    follower.pages.discard(page)
    if not follower.pages:
        follower.stop()
        if _followers.get(follower.project.pk) is follower:
            del _followers[follower.project.pk]
