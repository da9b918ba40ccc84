"""Domain errors and accidents meet HTTP here, and nowhere else."""

import errno
from collections.abc import Callable
from typing import Any, TypeVar

from flask import Flask, Response, current_app, g, render_template, request
from flask.typing import ResponseReturnValue
from sqlalchemy import exc as sql
from werkzeug.exceptions import HTTPException, MethodNotAllowed, RequestEntityTooLarge

from shop.db import give_back
from shop.kernel.errors import DomainError
from shop.web import problems, who
from shop.web.logs import log, request_id
from shop.web.problems import answer, kind_of
from shop.web.views import view_at
from shop.web.words import _, told

BY_STATUS = {
    400: "bad-request",
    401: "unauthenticated",
    403: "forbidden",
    404: "not-found",
    405: "method-not-allowed",
    406: "not-acceptable",
    408: "request-timeout",
    409: "conflict",
    412: "precondition-failed",
    413: "payload-too-large",
    414: "uri-too-long",
    415: "unsupported-media-type",
    416: "range-not-satisfiable",
    422: "validation-error",
    428: "precondition-required",
    429: "rate-limited",
    431: "headers-too-large",
    503: "overloaded",
}
CHALLENGES = {
    "unauthenticated": 'Bearer realm="shop"',
    "token-invalid": 'Bearer realm="shop", error="invalid_token"',
    "invalid-credentials": 'Bearer realm="shop"',
}
FULL = frozenset({errno.ENOSPC, errno.EDQUOT})
FULL_STATE = "53100"
MACHINES = frozenset({"/metrics", "/healthz", "/readyz"})
ATTRIBUTE = "__shop_when_busy__"
RETRY_AFTER_S = 2

V = TypeVar("V")


def when_busy(page: Callable[[int], str]) -> Callable[[V], V]:
    """Give a view a page of its own for every 503, whatever the cause; it gets ``Retry-After``.

    The page asks no database: that may be what is down.
    """

    def mark(view: V) -> V:
        setattr(view, ATTRIBUTE, page)
        return view

    return mark


def install(app: Flask) -> None:
    """One handler a family; the most specific wins."""
    app.register_error_handler(DomainError, domain_error)
    app.register_error_handler(HTTPException, http_error)
    app.register_error_handler(sql.SQLAlchemyError, database_error)
    app.register_error_handler(OSError, system_error)
    app.register_error_handler(Exception, accident)


def domain_error(error: DomainError) -> ResponseReturnValue:
    """A rule was met: say which, and nothing of what the caller may not see."""
    if error.code not in problems.KINDS:
        log.error("a code is missing in the table of problems", problem=error.code)
    if error.code == "not-found":
        return problem("not-found")
    return problem(error.code, detail=error.detail, errors=error.errors, facts=error.facts)


def http_error(error: HTTPException) -> ResponseReturnValue:
    """Flask's own refusals; its redirects pass."""
    status = error.code or 500
    if status < 400:
        return error.get_response()
    code = BY_STATUS.get(status)
    if code is None:
        code = "internal-error" if status >= 500 else "bad-request"
    response = problem(code)
    if isinstance(error, MethodNotAllowed) and error.valid_methods:
        response.headers["Allow"] = ", ".join(sorted(error.valid_methods))
    return _closing(response) if isinstance(error, RequestEntityTooLarge) else response


def _closing(response: Response) -> Response:
    """What is left of the body on the line must not be read as a request."""
    response.headers["Connection"] = "close"
    return response


def database_error(error: sql.SQLAlchemyError) -> ResponseReturnValue:
    """A rule that only the database saw is a conflict; a database that fails is a pause."""
    give_back()
    if isinstance(error, sql.IntegrityError):
        log.warning("refused by the database", exc_info=error)
        return problem("conflict")
    if isinstance(error, sql.OperationalError | sql.InterfaceError | sql.TimeoutError) or (
        isinstance(error, sql.DBAPIError) and error.connection_invalidated
    ):
        log.warning("the database does not answer", exc_info=error)
        return problem("storage-full" if _is_full(error) else "dependency-unavailable")
    if isinstance(error, sql.DataError):
        log.warning("a value the database does not take", exc_info=error)
        return problem("validation-error")
    return accident(error)


def _is_full(error: sql.SQLAlchemyError) -> bool:
    cause = getattr(error, "orig", None)
    return getattr(cause, "sqlstate", None) == FULL_STATE or "disk is full" in str(cause)


def system_error(error: OSError) -> ResponseReturnValue:
    """A full disk passes; a broken connection to something else does too."""
    if error.errno in FULL:
        log.error("the disk is full", exc_info=error)
        return problem("storage-full")
    if error.errno == errno.EIO or isinstance(error, ConnectionError | TimeoutError):
        log.error("a part does not answer", exc_info=error)
        return problem("dependency-unavailable")
    return accident(error)


def accident(error: Exception) -> ResponseReturnValue:
    """Nobody foresaw this: the reader gets the request's id, the log gets the rest."""
    if type(error).__module__.startswith("gunicorn.http"):
        return _closing(problem("malformed-body", detail="the body did not arrive whole"))
    give_back()
    log.error("unhandled", exc_info=error)
    return problem("internal-error")


def problem(code: str, **said_with: Any) -> Response:
    """The refusal in the form the caller reads: a problem document, or a kind page."""
    response = answer(code, **said_with)
    if not _for_programs():
        _become_page(response, code, said_with.get("detail", ""))
    if code in CHALLENGES:
        response.headers["WWW-Authenticate"] = CHALLENGES[code]
    return response


def _for_programs() -> bool:
    return who.on_api() or request.path in MACHINES or who.wants_json()


def _become_page(response: Response, code: str, detail: str) -> None:
    """Keep status and headers, change the body; a page about an error must not fail itself."""
    try:
        page = _busy_page(response) or _page(code, detail)
    except Exception:
        log.exception("the error page failed")
        page = f"{response.status_code} {kind_of(code).title} ({request_id()})"
    response.set_data(page)
    response.content_type = "text/html; charset=utf-8"


def _busy_page(response: Response) -> str | None:
    if response.status_code != 503 or request.endpoint is None:
        return None
    view = view_at(current_app, request.endpoint, request.method)
    page: Callable[[int], str] | None = getattr(view, ATTRIBUTE, None)
    if page is None:
        return None
    _ask_nobody()
    return page(response.headers.get("Retry-After", RETRY_AFTER_S, type=int))


def _ask_nobody() -> None:
    """What every page shows of its reader is not looked up where the database may be down."""
    g.setdefault("person", None)
    g.ailing = True


def _page(code: str, detail: str) -> str:
    kind = kind_of(code)
    if kind.status >= 500:
        _ask_nobody()
    title = str(kind.title)
    words = told(detail, title)
    return render_template(
        "errors/page.html",
        status=kind.status,
        code=code,
        title=title,
        detail="" if words == title else words,
        request_id=request_id(),
        retryable=kind.retryable,
        what_kept=what_kept(kind.status),
        what_to_do=what_to_do(kind.status),
    )


def what_kept(status: int) -> str:
    """What an error left as it was."""
    if status >= 500 or status == 429:
        return _("Nothing was changed. Your cart and your orders are kept.")
    return _("Nothing was changed.")


def what_to_do(status: int) -> str:
    """What the reader can do next."""
    if status in (429, 503, 507):
        return _("Wait a moment, then try again.")
    if status in (404, 405, 410):
        return _("Go back, or begin from the home page.")
    if status == 401:
        return _("Sign in, then try again.")
    if status in (403, 428, 412):
        return _("Open the page again, then try once more.")
    if status >= 500:
        return _("Try again; if it stays, tell us the number below.")
    return _("Go back, correct it and send it again.")
