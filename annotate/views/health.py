from __future__ import annotations

from django.http import HttpRequest, JsonResponse
from django.views.decorators.http import require_GET

from projects.access import public


@require_GET
@public("tells an orchestrator that the process answers; holds no data")
def healthz(request: HttpRequest) -> JsonResponse:
    return JsonResponse({"status": "ok"})


@require_GET
@public("tells an orchestrator whether to send traffic; holds no data")
def readyz(request: HttpRequest) -> JsonResponse:
    return JsonResponse({"status": "ok"})
