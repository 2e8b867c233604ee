"""Static files: served by the application itself, named by content in production."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from whitenoise.middleware import WhiteNoiseMiddleware
from whitenoise.responders import StaticFile
from whitenoise.storage import CompressedManifestStaticFilesStorage


class HashedStaticFiles(CompressedManifestStaticFilesStorage):
    # ES modules import each other by name; those names must carry the hash as well.
    support_js_module_import_aggregation = True


class StaticFiles(WhiteNoiseMiddleware):
    @staticmethod
    def serve(  # type: ignore[override]  # the middleware is called like this
        static_file: StaticFile, request: HttpRequest
    ) -> HttpResponse:
        """A static file in one piece: they are small, and ASGI cannot stream from a plain file."""
        streamed = WhiteNoiseMiddleware.serve(static_file, request)
        response = HttpResponse(
            b"".join(streamed), status=streamed.status_code, headers=streamed.headers
        )
        streamed.close()
        return response
