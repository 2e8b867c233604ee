"""A model on a port of this machine, for tests: it answers what it is told to."""

from __future__ import annotations

import json
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

LOCAL = "127.0.0.1"


class Server:
    """`answer(method, path, payload)` gives (status, headers, body); `asked` is what came."""

    def __init__(self, answer):
        self.asked = []
        self.answer = answer
        server = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):
                self.reply(None)

            def do_POST(self):
                length = int(self.headers["Content-Length"])
                self.reply(json.loads(self.rfile.read(length)))

            def reply(self, payload):
                server.asked.append((self.command, self.path, dict(self.headers), payload))
                try:
                    status, headers, body = server.answer(self.command, self.path, payload)
                    self.send_response(status)
                    for name, value in headers.items():
                        self.send_header(name, value)
                    if "Content-Length" not in headers:
                        self.send_header("Content-Length", str(len(body)))
                    self.end_headers()
                    for piece in [body] if isinstance(body, bytes) else body:
                        self.wfile.write(piece)
                        self.wfile.flush()
                except (BrokenPipeError, ConnectionResetError):
                    self.close_connection = True

            def log_message(self, *args):
                pass

        self.http = ThreadingHTTPServer((LOCAL, 0), Handler)
        self.http.daemon_threads = True
        self.port = self.http.server_address[1]

    @property
    def url(self):
        return f"http://{LOCAL}:{self.port}"

    @property
    def payloads(self):
        return [payload for *_, payload in self.asked if payload is not None]


def served(answer):
    return run(Server(answer))


@contextmanager
def run(server):
    thread = threading.Thread(target=server.http.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield server
    finally:
        server.http.shutdown()
        thread.join()
        server.http.server_close()


def as_json(value, status=200, **headers):
    body = json.dumps(value).encode()
    return status, {"Content-Type": "application/json", **headers}, body


def completion(content, prompt_tokens=100, completion_tokens=10, **choice):
    """A chat completion with these words; what is no string is written as JSON."""
    words = content if isinstance(content, str) else json.dumps(content)
    return as_json(
        {
            "choices": [{"message": {"content": words}, "finish_reason": "stop", **choice}],
            "usage": {"prompt_tokens": prompt_tokens, "completion_tokens": completion_tokens},
        }
    )
