"""A person at a browser, as far as the server can tell: keeps sending until told "saved"."""

from __future__ import annotations

import re
import threading
import time
import uuid
from http.client import HTTPException
from http.cookiejar import CookieJar
from urllib.error import HTTPError
from urllib.parse import urlencode
from urllib.request import HTTPCookieProcessor, Request, build_opener

RETRY_SECONDS = 0.1


class Annotator(threading.Thread):
    """Answers documents one after the other until `stop` is set or there are no more."""

    def __init__(self, url: str, username: str, stop: threading.Event) -> None:
        super().__init__(name=username)
        self.url = url
        self.stop = stop
        self.cookies = CookieJar()
        self.opener = build_opener(HTTPCookieProcessor(self.cookies))
        self.acknowledged: list[uuid.UUID] = []
        self.failure: BaseException | None = None

    def run(self) -> None:
        try:
            self.sign_in()
            page = self.insist("/projects/tickets/label/")[0]
            while not self.stop.is_set() and 'id="answer"' in page:
                page = self.answer(page)
        except BaseException as failure:  # noqa: BLE001 - told to the test that joins us
            self.failure = failure

    def sign_in(self) -> None:
        self.insist("/accounts/login/")
        form = {"username": self.name, "password": "correct horse"}
        self.insist("/accounts/login/", form)

    def answer(self, page: str) -> str:
        client_id = found(r'name="client_id" value="([^"]+)"', page)
        form = {
            "client_id": client_id,
            "replaces": found(r'name="replaces" value="([^"]*)"', page),
            found(r'name="(q-\d+)"', page): found(r'name="q-\d+" value="(\d+)"', page),
        }
        action = found(r'hx-post="([^"]+/submit)"', page)
        text, headers = self.insist(action, form, {"HX-Request": "true"})
        assert headers.get("Annotate-Saved") == client_id
        self.acknowledged.append(uuid.UUID(client_id))
        return text

    def insist(
        self, path: str, form: dict[str, str] | None = None, headers: dict[str, str] | None = None
    ) -> tuple[str, dict[str, str]]:
        """Ask until there is an answer, as a browser with an outbox does."""
        while True:
            data = urlencode({**form, "csrfmiddlewaretoken": self.token()}) if form else None
            request = Request(self.url + path, data and data.encode(), headers or {})
            try:
                with self.opener.open(request, timeout=20) as response:
                    return response.read().decode(), dict(response.headers)
            except HTTPError as error:
                raise AssertionError(f"{path}: {error.code} {error.read()[:500]!r}") from error
            except (OSError, HTTPException):
                time.sleep(RETRY_SECONDS)

    def token(self) -> str:
        return next((c.value or "" for c in self.cookies if c.name == "csrftoken"), "")


def found(pattern: str, page: str) -> str:
    match = re.search(pattern, page)
    assert match is not None, f"{pattern} is not in {page[:2000]}"
    return match[1]
