"""One HTTP request to an address that was checked, bounded in time and in size.

No redirects, no proxies, no cookies, no compression; certificates are verified.
"""

from __future__ import annotations

import ssl
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

import httpcore2

from inference.remote.addresses import Place, addresses_of
from inference.remote.problems import CallFailed

MAX_BYTES = 2 * 1024 * 1024
"""Of an answer: labels of one document are far shorter."""

TIMEOUTS = (
    httpcore2.ConnectTimeout,
    httpcore2.ReadTimeout,
    httpcore2.WriteTimeout,
    httpcore2.PoolTimeout,
)
BROKEN = (httpcore2.NetworkError, httpcore2.ProtocolError)


@dataclass(frozen=True, slots=True)
class Reply:
    """`headers`: names in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes


def send(
    place: Place, *, headers: Mapping[str, str], body: bytes | None = None, timeout: float
) -> Reply:
    """GET the place, or POST the body to it. `timeout`: seconds for all of it.

    Raises Misplaced and CallFailed.
    """
    given = {
        "Host": place.host_header,
        "Accept": "application/json",
        "Accept-Encoding": "identity",
        "Connection": "close",
        "User-Agent": "annotate",
        **headers,
    }
    if body is not None:
        given["Content-Type"] = "application/json"
    network = CheckedNetwork(time.monotonic() + timeout)
    try:
        with (
            httpcore2.ConnectionPool(ssl_context=_certificates(), network_backend=network) as pool,
            pool.stream(
                "GET" if body is None else "POST",
                _url(place),
                headers=list(given.items()),
                content=body,
            ) as response,
        ):
            return _read(response, place)
    except TIMEOUTS:
        raise CallFailed(f"{place.host} did not answer within {timeout:g} seconds.") from None
    except BROKEN as why:
        said = " ".join(str(why).split())[:120]
        raise CallFailed(f"The connection to {place.host} failed: {said}", again=True) from None


def _read(response: httpcore2.Response, place: Place) -> Reply:
    headers = {
        name.decode("latin-1").lower(): value.decode("latin-1") for name, value in response.headers
    }
    if headers.get("content-encoding", "identity") != "identity":
        raise CallFailed(f"{place.host} answered compressed, although it was asked not to.")
    body = bytearray()
    for chunk in response.iter_stream():
        body += chunk
        if len(body) > MAX_BYTES:
            raise CallFailed(
                f"{place.host} answered with more than {MAX_BYTES // 1024**2} MB, which is no "
                "answer about one document."
            )
    return Reply(response.status, headers, bytes(body))


def _url(place: Place) -> httpcore2.URL:
    return httpcore2.URL(
        scheme=place.scheme.encode(),
        host=place.host.encode(),
        port=place.port,
        target=(place.path or "/").encode(),
    )


@cache
def _certificates() -> ssl.SSLContext:
    return httpcore2.default_ssl_context()


class CheckedNetwork(httpcore2.NetworkBackend):
    """Connects to addresses that were checked, until a deadline (as time.monotonic)."""

    def __init__(self, deadline: float) -> None:
        self.deadline = deadline
        self.plain = httpcore2.SyncBackend()

    def connect_tcp(  # noqa: PLR0917 - the interface of httpcore2
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore2.NetworkStream:
        """The name was asked for once: from here on there are only addresses."""
        failed: Exception | None = None
        for address in addresses_of(host, port):
            try:
                stream = self.plain.connect_tcp(address, port, timeout=left(self.deadline))
            except httpcore2.ConnectError as why:
                failed = why
            else:
                return TimedStream(stream, self.deadline)
        raise failed or httpcore2.ConnectError("no address")


class TimedStream(httpcore2.NetworkStream):
    """Ends at the deadline, however often the other side sends one byte more."""

    def __init__(self, stream: httpcore2.NetworkStream, deadline: float) -> None:
        self.stream = stream
        self.deadline = deadline

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self.stream.read(max_bytes, left(self.deadline))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self.stream.write(buffer, left(self.deadline))

    def close(self) -> None:
        self.stream.close()

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> httpcore2.NetworkStream:
        secured = self.stream.start_tls(ssl_context, server_hostname, left(self.deadline))
        return TimedStream(secured, self.deadline)

    def get_extra_info(self, info: str) -> Any:
        return self.stream.get_extra_info(info)


def left(deadline: float) -> float:
    """Seconds until then. Raises ReadTimeout when there are none."""
    seconds = deadline - time.monotonic()
    if seconds <= 0:
        raise httpcore2.ReadTimeout
    return seconds
