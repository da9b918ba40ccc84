"""Before every API view: what it can answer with, and bodies that it did not ask for."""

from typing import Any

from flask import Flask, Response, current_app, request

from shop.kernel.errors import DomainError
from shop.web.parsing import refuse_body
from shop.web.views import view_at

BODIES = frozenset({"json", "form", "files", "json_or_form"})
CHANGING = frozenset({"POST", "PUT", "PATCH", "DELETE"})
PLAIN = frozenset({None, "*/*", "application/json"})
"""What most programs send: every route answers, and complains, in JSON."""

JSON = ("application/json", "application/problem+json")


class NotAcceptable(DomainError):
    """The caller takes no form that this route has."""

    code = "not-acceptable"


def install(app: Flask) -> None:
    """Look at the request before its view does."""
    app.before_request(_look)
    app.after_request(_empty)


def _empty(response: Response) -> Response:
    """A 204 has no body; smorest would write ``null``."""
    if response.status_code == 204 and not response.is_streamed:
        response.set_data(b"")
        response.headers.pop("Content-Type", None)
    return response


def _look() -> None:
    if request.endpoint is None or not request.path.startswith("/api/v1/"):
        return
    view = view_at(current_app, request.endpoint, request.method)
    documented: dict[str, Any] = getattr(view, "_apidoc", {})
    if not _is_accepted(documented):
        raise NotAcceptable("this address answers in JSON")
    if request.method in CHANGING and not takes_body(documented):
        refuse_body(request)


def _is_accepted(documented: dict[str, Any]) -> bool:
    if request.headers.get("Accept") in PLAIN:
        return True
    return bool(request.accept_mimetypes.best_match(forms_of(documented)))


def takes_body(documented: dict[str, Any]) -> bool:
    """Whether a view's arguments name a body."""
    parameters = documented.get("arguments", {}).get("parameters", ())
    return any(parameter["in"] in BODIES for parameter in parameters)


def forms_of(documented: dict[str, Any]) -> list[str]:
    """Every content type that a view says it answers with."""
    found = list(JSON)
    for responses in documented.get("response", {}).get("responses", {}).values():
        for one in responses if isinstance(responses, list) else [responses]:
            if isinstance(one, dict) and one.get("content_type"):
                found.append(one["content_type"].partition(";")[0])
    return found
