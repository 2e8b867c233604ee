"""The MLflow server that versions are pushed to, if one is set."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings

QUICK = {
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "30",
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "3",
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true",
}
"""Unless the environment says otherwise: a job should not wait for minutes, nor call home."""


class CannotPush(Exception):
    """Why nothing can be pushed, or no more of it; for people to read."""


def why_not() -> str:
    """What stands in the way of pushing, before any server is asked; empty: nothing."""
    address = urlsplit(settings.MLFLOW_TRACKING_URI)
    if not address.scheme:
        return "No MLflow server is set. Set MLFLOW_TRACKING_URI to its address and start again."
    if address.scheme not in ("http", "https") or not address.hostname:
        return "MLFLOW_TRACKING_URI is no http(s) address of an MLflow server."
    if address.username or address.password:
        return (
            "MLFLOW_TRACKING_URI holds a password. Put it into MLFLOW_TRACKING_USERNAME and "
            "MLFLOW_TRACKING_PASSWORD."
        )
    if find_spec("mlflow") is None:
        return "The MLflow client is not installed. Install it: pip install mlflow-skinny"
    return ""


@contextmanager
def tracking() -> Iterator[Any]:
    """An MlflowClient; what goes wrong with it becomes CannotPush. Raises CannotPush.

    Who we are to the server, MLflow reads from MLFLOW_TRACKING_USERNAME and _PASSWORD, or
    MLFLOW_TRACKING_TOKEN.
    """
    if reason := why_not():
        raise CannotPush(reason)
    for name, value in QUICK.items():
        os.environ.setdefault(name, value)
    from mlflow import MlflowClient
    from mlflow.exceptions import MlflowException
    from requests.exceptions import RequestException

    try:
        yield MlflowClient(settings.MLFLOW_TRACKING_URI)
    except (MlflowException, RequestException) as error:
        raise CannotPush(in_words(error)) from error


def in_words(error: Exception) -> str:
    """What a server that does not do as asked means."""
    server = settings.MLFLOW_TRACKING_URI
    response = getattr(error, "response", None)
    status = getattr(response, "status_code", None) or _status(error)
    said = str(error).strip().partition("\n")[0][:300]
    if status in (401, 403) or "PERMISSION_DENIED" in said:
        return (
            f"The MLflow server {server} does not let us in. Set MLFLOW_TRACKING_USERNAME and "
            "MLFLOW_TRACKING_PASSWORD for the workers."
        )
    if "Max retries exceeded" in said or "Connection" in type(error).__name__:
        return f"The MLflow server {server} cannot be reached. What was pushed so far stays."
    return f"The MLflow server {server} refused: {said}"


def _status(error: Exception) -> int | None:
    ask = getattr(error, "get_http_status_code", None)
    return int(ask()) if ask else None
