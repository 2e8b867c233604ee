"""The application as Daphne calls it."""

from __future__ import annotations

import pytest
from channels.testing import HttpCommunicator, WebsocketCommunicator

from annotate.asgi import application

pytestmark = pytest.mark.django_db(transaction=True)
LOCAL = (b"host", b"testserver")


async def test_pages_and_static_files_come_through_asgi_without_a_warning():
    for path, kind in [("/healthz", b"application/json"), ("/static/css/app.css", b"text/css")]:
        page = HttpCommunicator(application, "GET", path, headers=[LOCAL])
        answer = await page.get_response()
        await page.wait()

        assert answer["status"] == 200
        assert dict(answer["headers"])[b"Content-Type"].startswith(kind)
        assert answer["body"]


async def test_a_socket_opened_by_a_foreign_page_is_refused(settings):
    settings.ALLOWED_HOSTS = ["testserver"]
    socket = WebsocketCommunicator(
        application,
        "/ws/projects/tickets/",
        headers=[LOCAL, (b"origin", b"https://evil.example")],
    )
    connected, code = await socket.connect()

    assert (connected, code) == (False, 1000)
