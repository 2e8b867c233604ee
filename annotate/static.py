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
        found = static_file.get_response(request.method, request.META)
        body = b""
        if found.file is not None:
            with found.file:
                body = found.file.read()
        response = HttpResponse(body, status=int(found.status))
        # Nothing beside what WhiteNoise says: a 304 with a type of ours would change a cached file.
        del response["Content-Type"]
        for name, value in found.headers:
            response[name] = value
        return response
