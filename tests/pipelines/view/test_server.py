"""Nobody but the page asks the server, and it answers with nothing else."""

from __future__ import annotations

import contextlib
import http.client
import json
import threading
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest

from pano.errors import SettingsError
from pano_jobs.view.server import ViewServer

JSON = {"Content-Type": "application/json"}


def double(asked):
    if "n" not in asked:
        raise SettingsError("n is missing")
    return {"twice": 2 * asked["n"]}


@pytest.fixture
def server() -> Iterator[ViewServer]:
    calls: list[object] = []

    def count(asked):
        calls.append(asked)
        return {"n": len(calls)}

    server = ViewServer("<p>page", {"double": double, "count": count})
    thread = threading.Thread(target=server.run)
    thread.start()
    yield server
    server.stop()
    thread.join(timeout=10)
    assert not thread.is_alive()


def ask(server, name="", body=None, *, method=None, headers=None, path=None):
    """Ask as the page does, but for what is said otherwise."""
    address = urlsplit(server.address)
    sent = {} if body is None else JSON | {"Origin": f"http://{address.netloc}"}
    connection = http.client.HTTPConnection(address.netloc)
    with contextlib.closing(connection):
        connection.request(
            method or ("GET" if body is None else "POST"),
            address.path + name if path is None else path,
            body=None if body is None else json.dumps(body),
            headers=sent | (headers or {}),
        )
        response = connection.getresponse()
        return response.status, response.read(), response.headers


def test_the_page_and_its_questions_are_answered(server):
    status, body, headers = ask(server)
    assert (status, body) == (200, b"<p>page")
    assert headers["Access-Control-Allow-Origin"] is None
    assert headers["X-Frame-Options"] == "DENY"
    status, body, _ = ask(server, "double", {"n": 4})
    assert (status, json.loads(body)) == (200, {"twice": 8})


def test_it_listens_on_the_loopback_address_alone(server):
    assert server._server.server_address[0] == "127.0.0.1"


def test_every_server_has_a_word_of_its_own(server):
    other = ViewServer("", {})
    assert urlsplit(other.address).path != urlsplit(server.address).path
    assert len(urlsplit(server.address).path) > 30
    other._server.server_close()


@pytest.mark.parametrize(
    "path", ["/", "/x/", "/x/double", "/../etc/passwd", "//", "/%2e"]
)
def test_who_does_not_know_the_word_learns_nothing(server, path):
    assert ask(server, path=path)[:2] == (404, b"")
    assert ask(server, path=path, body={"n": 1})[:2] == (404, b"")


@pytest.mark.parametrize(
    "headers",
    [
        {"Host": "evil.example"},  # a name that was bound to this address
        {"Host": "127.0.0.1"},
        {"Host": "localhost:80"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},  # another port of this machine
    ],
)
def test_another_page_reads_nothing(server, headers):
    assert ask(server, headers=headers)[:2] == (404, b"")


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "http://evil.example"},
        {"Origin": "null"},
        {"Origin": ""},
        {"Content-Type": "text/plain"},  # what a form may send unasked
        {"Content-Type": "application/x-www-form-urlencoded"},
        {"Host": "evil.example"},
        {"Sec-Fetch-Site": "cross-site"},
    ],
)
def test_another_page_starts_nothing(server, headers):
    assert ask(server, "count", {}, headers=headers)[:2] == (404, b"")
    assert json.loads(ask(server, "count", {})[1]) == {"n": 1}


@pytest.mark.parametrize(
    ("name", "body", "status", "words"),
    [
        ("double", {}, 400, "n is missing"),
        ("double", [1], 400, "no object"),
        ("nothing", {"n": 1}, 404, "no such thing"),
        ("../../etc/passwd", {"n": 1}, 404, "no such thing"),
    ],
)
def test_what_cannot_be_answered_is_a_sentence(server, name, body, status, words):
    found, text, _ = ask(server, name, body)
    assert found == status
    assert words in json.loads(text)["error"]


@pytest.mark.parametrize("length", ["-1", "2000000", "many"])
def test_a_body_of_a_wild_length_is_not_read(server, length):
    assert ask(server, "count", {}, headers={"Content-Length": length})[0] == 400


@pytest.mark.parametrize("method", ["PUT", "DELETE", "OPTIONS", "TRACE"])
def test_no_other_method_is_known(server, method):
    assert ask(server, method=method)[0] == 501
