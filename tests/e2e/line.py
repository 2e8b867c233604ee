"""The socket in the hands of a test: it says what it wants, when it wants."""

from __future__ import annotations

import json

from playwright.sync_api import Page, WebSocketRoute


class Line:
    """The server's end of the socket, in the hands of the test."""

    def __init__(self, page: Page) -> None:
        self.opened: list[int] = []
        page.route_web_socket("**/ws/**", self._connect)

    def _connect(self, route: WebSocketRoute) -> None:
        self.route = route
        route.on_message(self._heard)
        self.say(type="hello", protocol=1, engine="ready", answers=3)

    def _heard(self, text: str) -> None:
        frame = json.loads(text)
        if frame["type"] == "open":
            self.opened.append(frame["document"])

    def say(self, **frame) -> None:
        self.route.send(json.dumps(frame))

    def suggest(self, page: Page, *scores: float, document: int, exposure: str) -> None:
        labels = [
            int(one.get_attribute("data-label"))
            for one in page.locator(".choice[data-label]").all()
        ]
        ranked = sorted(zip(scores, labels, strict=False), reverse=True)
        self.say(
            type="suggestion",
            document=document,
            question=int(page.locator(".question").get_attribute("data-question")),
            exposure=exposure,
            model={"name": "topic", "version": "1.7"},
            items=[
                {"label": label, "score": score, "offered": place == 0}
                for place, (score, label) in enumerate(ranked)
            ],
        )


def page_with_line(world, **options) -> tuple[Page, Line]:
    page = world.context("bob", **options).new_page()
    line = Line(page)
    page.goto(world.label_url)
    return page, line
