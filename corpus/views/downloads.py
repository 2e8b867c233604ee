from __future__ import annotations

from collections.abc import AsyncIterator
from typing import IO, Any

from asgiref.sync import sync_to_async
from django.core.handlers.asgi import ASGIRequest
from django.http import FileResponse, HttpRequest

PIECE = 256 * 1024


def download(
    request: HttpRequest, stream: IO[Any], *, file_name: str, media_type: str
) -> FileResponse:
    """Send a file to be saved under this name, piece by piece."""
    response = FileResponse(stream, as_attachment=True, filename=file_name, content_type=media_type)
    if isinstance(request, ASGIRequest):
        # Given a plain file, Django would read all of it into memory first.
        response.streaming_content = pieces(stream)
    return response


async def pieces(stream: IO[Any]) -> AsyncIterator[Any]:
    read = sync_to_async(stream.read, thread_sensitive=False)
    while piece := await read(PIECE):
        yield piece
