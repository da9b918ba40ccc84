"""正在排队: an order that met a busy shop waits on a page and is sent again with its own key.

A script sends the same form again. Where there is none, the browser comes back by a refresh; a
refresh can only ask (GET), so the form is kept in the signed session until it is taken.
"""

from datetime import timedelta
from secrets import randbelow
from typing import Any

from flask import current_app, render_template, request, session
from flask.sessions import SecureCookieSessionInterface
from werkzeug.datastructures import MultiDict

from shop.domain.audit.service import KeyedRequest
from shop.tools import tools
from shop.web.idempotency import (
    FIELD,
    NOT_PRINTED,
    IdempotencyKeyInvalid,
    asked,
    caller,
    one_time_key,
)

KEPT = "queued"
FOR = timedelta(seconds=30)
MAX_COOKIE = 3500
"""A browser drops a cookie above 4096 bytes, and the sign-in with it."""


def page(retry_after: int) -> str:
    """What stands in place of a 503; it asks no database, since that may be what is down."""
    kept = _kept_again() if request.method == "GET" else _keep()
    late = request.method == "GET" and is_late()
    return render_template(
        "checkout/waiting.html",
        hidden=kept["form"],
        key=(kept["key"] or {}).get("key") or one_time_key(),
        retry_after=retry_after,
        refresh=retry_after + randbelow(3) if KEPT in session and not late else None,
        late=late,
        seconds=int(FOR.total_seconds()),
    )


def form() -> tuple[MultiDict[str, str], KeyedRequest] | None:
    """The order that waits in this session, with the key it was sent with first."""
    kept = session.get(KEPT)
    if kept is None or not kept["key"]:
        return None
    return MultiDict(kept["form"]), KeyedRequest(**kept["key"], actor=caller())


def is_late() -> bool:
    """Whether the half minute is over: from then on only the buyer's own press sends it."""
    return KEPT not in session or _now() >= session[KEPT]["until"]


def forget() -> None:
    """The order was taken or refused: nothing waits any more."""
    session.pop(KEPT, None)


def _kept_again() -> dict[str, Any]:
    nothing: dict[str, Any] = {"form": {}, "key": None, "until": 0}
    found: dict[str, Any] = session.get(KEPT, nothing)
    return found


def _keep() -> dict[str, Any]:
    """Keep what was posted; pressing the button after the time was over begins a new one."""
    key = _key()
    before = session.get(KEPT)
    until = _now() + FOR.total_seconds()
    if before and key and before["key"]["key"] == key.key and before["until"] > _now():
        until = before["until"]
    fields = {name: request.form[name] for name in request.form if name not in NOT_PRINTED}
    named = {"route": key.route, "key": key.key, "fingerprint": key.fingerprint} if key else None
    kept = {"form": fields, "key": named, "until": until}
    if key and _fits(kept):
        session[KEPT] = kept
    else:
        forget()
    return kept


def _key() -> KeyedRequest | None:
    try:
        return asked() if FIELD in request.form else None
    except IdempotencyKeyInvalid:
        return None


def _fits(kept: dict[str, Any]) -> bool:
    interface = current_app.session_interface
    if not isinstance(interface, SecureCookieSessionInterface):
        return False
    serializer = interface.get_signing_serializer(current_app)
    return serializer is not None and (len(serializer.dumps({**session, KEPT: kept})) <= MAX_COOKIE)


def _now() -> float:
    return tools().clock().timestamp()
