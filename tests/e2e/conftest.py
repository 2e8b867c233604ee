"""A real browser before a real server. Nothing is replaced but the encoder."""

from __future__ import annotations

import itertools
import os
import shutil
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from tests.e2e.server import Server

FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
NAMES = ("chromium", "chromium-browser", "google-chrome")
DESKTOP = {"width": 1400, "height": 850}
PEOPLE = {
    "alice": "owner",
    "rita": "reviewer",
    "bob": "annotator",
    "dora": "annotator",
    "vera": "viewer",
}
TEXTS = [
    "Refund: I want my money back, about refund.",
    "Praise for your praise: wonderful.",
    "Late delivery again, about late delivery.",
]

serial = itertools.count(1)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.path.parent.name == "e2e":
            item.add_marker(pytest.mark.e2e)


@pytest.fixture(scope="session")
def server(tmp_path_factory) -> Iterator[Server]:
    server = Server(tmp_path_factory.mktemp("server"))
    server.prepare()
    server.start()
    yield server
    server.close()


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    executable = os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, NAMES)), None)
    if executable is None:
        pytest.skip("There is no Chromium.")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable, args=FLAGS)
        yield browser
        browser.close()


class World:
    """One project with its people, as a test wants it, and browsers for them."""

    def __init__(self, server: Server, browser: Browser) -> None:
        self.server, self.browser = server, browser
        self.contexts: list[BrowserContext] = []
        self.problems: list[str] = []
        self.expected: tuple[str, ...] = ()

    def seed(self, *texts: str, **options) -> World:
        self.slug = f"tickets-{next(serial)}"
        self.facts = self.server.seed(
            slug=self.slug, people=PEOPLE, texts=list(texts or TEXTS), **options
        )
        self.documents: list[int] = self.facts["documents"]
        return self

    @property
    def label_url(self) -> str:
        return f"{self.server.url}/projects/{self.slug}/label/"

    def context(self, name: str, **options) -> BrowserContext:
        """A browser of this person's own, already signed in."""
        context = self.browser.new_context(**{"viewport": DESKTOP, **options})
        context.set_default_timeout(10_000)
        context.add_cookies(
            [{"name": "sessionid", "value": self.facts["sessions"][name], "url": self.server.url}]
        )
        context.on("console", self._listen)
        context.on("weberror", lambda error: self.problems.append(str(error.error)))
        self.contexts.append(context)
        return context

    def labelling(self, name: str = "bob", **options) -> Page:
        page = self.context(name, **options).new_page()
        page.goto(self.label_url)
        return page

    def expect_console(self, *words: str) -> None:
        """Say what the browser will complain about because the test breaks it on purpose."""
        self.expected += words

    def _listen(self, message) -> None:
        if message.type == "error" and not any(words in message.text for words in self.expected):
            self.problems.append(message.text)

    def answered(self) -> list[tuple[int, str]]:
        """(document, label) of every submitted answer, in the order of the documents."""
        return self.server.rows(
            """select a.document_id, coalesce(l.name, '') from labeling_annotation a
               join projects_project p on p.id = a.project_id
               left join labeling_answer w on w.annotation_id = a.id
               left join projects_label l on l.id = w.label_id
               where p.slug = ? and a.state = 'submitted' order by a.document_id, l.id""",
            self.slug,
        )

    def events(self) -> list[str]:
        rows = self.server.rows(
            """select e.kind from labeling_event e join projects_project p on p.id = e.project_id
               where p.slug = ? order by e.id""",
            self.slug,
        )
        return [kind for (kind,) in rows]


@pytest.fixture
def world(server: Server, browser: Browser) -> Iterator[World]:
    world = World(server, browser)
    yield world
    for context in world.contexts:
        context.close()
    assert world.problems == []
