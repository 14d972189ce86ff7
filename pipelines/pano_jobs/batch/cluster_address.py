"""Whether a Ray cluster answers at an address, found out before joining it.

Ray itself waits for minutes where something listens and says nothing, and repeats for
half a minute that a token is wrong.
"""

from __future__ import annotations

import socket
import subprocess
import sys

from pano.errors import SettingsError

_CONNECT_S = 5.0
# A cluster answers within a second; a busy machine takes a few to import Ray.
_ANSWER_S = 12.0
# What Ray says of a token that is wrong, and of one that is missing.
_TOKEN_SIGNS = ("InvalidAuthToken", "RAY_AUTH_TOKEN", "no authentication token")
_TOKEN_WORDS = (
    "its token is another one, or none is set here; copy the head's to "
    "RAY_AUTH_TOKEN, with RAY_AUTH_MODE=token"
)


def refuse_absent(address: str) -> None:
    """Refuse an address where nobody listens.

    Raises
    ------
    SettingsError
        Which says so, or how an address is written.
    """
    host, _, port = address.rpartition(":")
    if not host or not port.isdecimal():
        raise SettingsError(f"an address of a Ray cluster is HOST:PORT, not {address}")
    try:
        socket.create_connection((host.strip("[]"), int(port)), _CONNECT_S).close()
    except (OSError, OverflowError) as error:
        raise SettingsError(
            f"no Ray cluster answers at {address}; `ray start --head` says where its "
            "head listens"
        ) from error


def refuse_strange(address: str) -> None:
    """Refuse an address where something listens that is no cluster to be joined.

    Ray is asked in a process of its own, which can be ended and may write what it
    likes.

    Raises
    ------
    SettingsError
        If it is silent, or wants another token.
    """
    words = ["health-check", "--skip-version-check", "--address", address]
    try:
        asked = subprocess.run(
            [sys.executable, "-m", "ray.scripts.scripts", *words],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=_ANSWER_S,
        )
    except subprocess.TimeoutExpired as error:
        raise SettingsError(
            f"what listens at {address} does not answer as a Ray cluster; `ray start "
            "--head` says where its head listens"
        ) from error
    if asked.returncode and (trouble := token_words(asked.stderr)):
        raise SettingsError(f"cannot join the Ray cluster at {address}: {trouble}")


def token_words(said: str) -> str:
    """Say in a sentence that a token is the trouble; nothing if it is not."""
    return _TOKEN_WORDS if any(sign in said for sign in _TOKEN_SIGNS) else ""
