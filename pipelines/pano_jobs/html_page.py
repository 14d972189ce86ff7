"""Pages of HTML in one file, which run their own script and nothing else."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Mapping
from importlib import resources
from typing import Any


def written_page(
    package: str,
    name: str,
    facts: Mapping[str, Any],
    *,
    allows: str,
    parts: Mapping[str, str] | None = None,
) -> str:
    """Fill a page's template in with its style, its script and what it shows.

    Parameters
    ----------
    package, name
        Whose `assets` hold `NAME.html`, `NAME.css` and `NAME.js`.
    facts
        For the script, as JSON.
    allows
        What the page's policy allows beside its own script and style.
    parts
        What else stands in the template, by name, for `<!--NAME-->`.
    """
    folder = resources.files(package) / "assets"
    page, style, script = (
        (folder / f"{name}.{kind}").read_text(encoding="utf-8")
        for kind in ("html", "css", "js")
    )
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    policy = (
        f"default-src 'none'; script-src 'sha256-{digest}'; style-src 'unsafe-inline'; "
        f"base-uri 'none'; form-action 'none'; {allows}"
    )
    filled = {"POLICY": policy, "STYLE": style, "FACTS": as_script(facts)}
    for place, value in {**filled, **(parts or {}), "SCRIPT": script}.items():
        page = page.replace(f"<!--{place}-->", value, 1)
    return page


def as_script(facts: Mapping[str, Any]) -> str:
    """Write facts as JSON that cannot end the element it stands in."""
    text = json.dumps(facts, allow_nan=False)
    for letter in "<>&\u2028\u2029":
        text = text.replace(letter, f"\\u{ord(letter):04x}")
    return text
