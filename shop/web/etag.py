"""Versions over HTTP: ``ETag`` on single resources, ``If-Match`` from who changes them."""

import re
from hashlib import sha256

from flask import Flask, Response, g, request

from shop.kernel.errors import DomainError, Stale

TAG = re.compile(r'"(\d{1,18})(?:-[0-9a-f]{16})?"')
VERSION = re.compile(r"\d{1,18}")
FIELD = "version"


class PreconditionRequired(DomainError):
    """A console's form must say which version it changes."""

    code = "precondition-required"


def install(app: Flask) -> None:
    """Put the tag on what a view gave a version to."""
    app.after_request(_after)


def tag(version: int) -> None:
    """Say which version the view answers with."""
    g.version = version


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
    version = g.pop("version", None)
    if version is None or response.is_streamed or not 200 <= response.status_code < 300:
        return response
    digest = sha256(response.get_data()).hexdigest()[:16]
    response.set_etag(f"{version}-{digest}")
    if request.method in ("GET", "HEAD") and response.status_code == 200:
        response.make_conditional(request)
    return response
