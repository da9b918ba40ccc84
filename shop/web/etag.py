"""Versions over HTTP: ``ETag`` on single resources, ``If-Match`` from who changes them."""

import re
from hashlib import sha256

from flask import Flask, Response, current_app, g, request

from shop.kernel.errors import DomainError, Stale
from shop.web.views import view_at

TAG = re.compile(r'"(\d{1,18})(?:-[0-9a-f]{16})?"')
VERSION = re.compile(r"\d{1,18}")
FIELD = "version"
LIST = {"items", "next"}
UNCOUNTED = 0
"""The version of what has none: its tag tells whether it changed, and opens no change."""


class PreconditionRequired(DomainError):
    """A console's form must say which version it changes."""

    code = "precondition-required"


def install(app: Flask) -> None:
    """Put the tag on what a view gave a version to, and on every single thing the API shows."""
    app.after_request(_after)


def tag(version: int, *, of: str | None = None) -> None:
    """Say which version the view answers with.

    ``of`` is what the tag stands for where the answer itself also tells the time.
    """
    g.version, g.tagged = version, of


def expected_version() -> int | None:
    """The version of ``If-Match``, ``None`` where any will do; ``Stale`` for a foreign tag."""
    given = request.headers.get("If-Match")
    if given is None or given.strip() == "*":
        return None
    found = [TAG.fullmatch(part.strip()) for part in given.split(",")]
    versions = {int(match[1]) for match in found if match}
    if len(versions) != 1:
        raise Stale("it was changed since you looked")
    return versions.pop()


def form_version() -> int:
    """The hidden field ``version`` of a console's form; raises ``PreconditionRequired``."""
    given = request.form.get(FIELD, "")
    if VERSION.fullmatch(given) is None:
        raise PreconditionRequired("open the page again and make the change once more")
    return int(given)


def _after(response: Response) -> Response:
    version, of = g.pop("version", None), g.pop("tagged", None)
    if response.is_streamed or not 200 <= response.status_code < 300:
        return response
    reading = request.method in ("GET", "HEAD") and response.status_code == 200
    if version is None and not (reading and _is_one_thing(response)):
        return response
    digest = sha256(response.get_data() if of is None else of.encode()).hexdigest()[:16]
    response.set_etag(f"{version or UNCOUNTED}-{digest}")
    if reading:
        response.make_conditional(request)
    return response


def _is_one_thing(response: Response) -> bool:
    """Whether the API shows one resource: not a page of a list, and not tagged by its view."""
    if request.endpoint is None or not request.path.startswith("/api/v1/"):
        return False
    if not response.is_json or "ETag" in response.headers:
        return False
    documented = getattr(view_at(current_app, request.endpoint, "GET"), "_apidoc", {})
    answers = documented.get("response", {}).get("responses", {}).get(200, ())
    shown = {name for one in answers for name in getattr(one.get("schema"), "fields", ())}
    return not shown >= LIST
