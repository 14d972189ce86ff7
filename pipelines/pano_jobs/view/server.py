"""The server of `pano view`: on this machine alone, for one page alone.

It listens on the loopback address and answers requests that name it by that address
(no other name can be bound to it), come from its own page, and know the random word in
the page's address. It opens no file by a name out of a request.
"""

from __future__ import annotations

import hmac
import json
import secrets
import threading
from collections.abc import Callable, Mapping
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from pano.errors import PanoError

Answer = Mapping[str, Any]
Action = Callable[[Mapping[str, Any]], Answer]

_HOST = "127.0.0.1"
_MAX_BODY_BYTES = 1 << 20
_SAME = frozenset({"same-origin", "none"})


class ViewServer:
    """Serve a page and what it may ask for.

    Parameters
    ----------
    page
        HTML, at the root of the secret address.
    asked
        By name what the page may ask for, with and without a body: JSON to JSON.
    """

    def __init__(self, page: str, asked: Mapping[str, Action]) -> None:
        self._page, self._asked = page.encode(), asked
        self._word = secrets.token_urlsafe(24)
        self._server = ThreadingHTTPServer((_HOST, 0), self._handler())
        self._server.daemon_threads = True

    @property
    def address(self) -> str:
        """The page's address, with its secret word."""
        return f"{self._origin}/{self._word}/"

    def run(self) -> None:
        """Serve until `stop` is called or Ctrl-C is pressed."""
        try:
            self._server.serve_forever(poll_interval=0.2)
        finally:
            self._server.server_close()

    def stop(self) -> None:
        """End `run`, from another thread."""
        threading.Thread(target=self._server.shutdown, daemon=True).start()

    @property
    def _origin(self) -> str:
        return f"http://{_HOST}:{self._server.server_port}"

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        server = self

        class Handler(BaseHTTPRequestHandler):
            """Answers one request."""

            protocol_version = "HTTP/1.1"
            timeout = 60

            def do_GET(self) -> None:
                if not self._is_ours():
                    self._send(HTTPStatus.NOT_FOUND, b"", "text/plain")
                elif self._name() == "":
                    self._send(HTTPStatus.OK, server._page, "text/html; charset=utf-8")
                else:
                    self._answer({})

            def do_POST(self) -> None:
                try:
                    length = int(self.headers.get("Content-Length", ""))
                except ValueError:
                    length = -1
                is_json = self.headers.get("Content-Type") == "application/json"
                comes_from_page = self.headers.get("Origin") == server._origin
                if not (self._is_ours() and is_json and comes_from_page):
                    self.close_connection = True
                    self._send(HTTPStatus.NOT_FOUND, b"", "text/plain")
                    return
                if not 0 <= length <= _MAX_BODY_BYTES:
                    self.close_connection = True
                    self._send(HTTPStatus.BAD_REQUEST, b"", "text/plain")
                    return
                try:
                    asked = json.loads(self.rfile.read(length))
                except (ValueError, RecursionError):
                    asked = None
                if isinstance(asked, dict):
                    self._answer(asked)
                else:
                    self._say(HTTPStatus.BAD_REQUEST, {"error": "that is no object"})

            def _is_ours(self) -> bool:
                """Tell whether the request comes from our page, by our address."""
                origin = server._origin
                named = f"http://{self.headers.get('Host')}" == origin
                site = self.headers.get("Sec-Fetch-Site", "none") in _SAME
                word = self.path.lstrip("/").split("/")[0].encode()
                knows = hmac.compare_digest(word, server._word.encode())
                return named and site and knows

            def _name(self) -> str:
                return self.path.split("/", 2)[-1]

            def _answer(self, asked: Mapping[str, Any]) -> None:
                action = server._asked.get(self._name())
                if action is None:
                    self._say(HTTPStatus.NOT_FOUND, {"error": "there is no such thing"})
                    return
                try:
                    self._say(HTTPStatus.OK, action(asked))
                except PanoError as error:
                    self._say(HTTPStatus.BAD_REQUEST, {"error": str(error)})

            def _say(self, status: HTTPStatus, answer: Answer) -> None:
                body = json.dumps(answer, allow_nan=False).encode()
                self._send(status, body, "application/json")

            def _send(self, status: HTTPStatus, body: bytes, kind: str) -> None:
                self.send_response(status)
                for name, value in {
                    "Content-Type": kind,
                    "Content-Length": str(len(body)),
                    "Cache-Control": "no-store",
                    "X-Content-Type-Options": "nosniff",
                    "Referrer-Policy": "no-referrer",
                    "Cross-Origin-Resource-Policy": "same-origin",
                    "X-Frame-Options": "DENY",
                }.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *args: object) -> None:
                """Say nothing: the terminal is the person's."""

        return Handler
