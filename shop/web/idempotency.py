"""``Idempotency-Key`` on the API and the one-time key of page forms: one machine for both.

Every POST that brings a key is claimed before its view and kept or freed after it. Each transaction
in between notes on the claim that it had an effect: should the answer be lost then, whoever asks
again is told so, instead of doing it twice. A view marked ``resumes`` is run again. A view marked
``own_answer`` does that inside its flow's transaction instead, with ``asked()`` and ``replay()``.
"""

import json
import re
import secrets
from functools import partial
from hashlib import sha256, shake_256
from typing import Any, TypeVar, cast

import orjson
from flask import Flask, Response, current_app, g, request

from shop.db import accompany
from shop.domain.audit.service import Kept, KeyedRequest
from shop.flows import answering
from shop.kernel.errors import DomainError
from shop.tools import tools
from shop.web import who
from shop.web.logs import log
from shop.web.parsing import json_body, raw_body
from shop.web.views import view_at

HEADER = "Idempotency-Key"
REPLAYED = "Idempotency-Replayed"
FIELD = "idempotency_key"
CLAIM = "shop.claim"
ATTRIBUTE = "__shop_key__"
KEY = re.compile(r"[\x21-\x7e]{1,64}")
MAX_KEPT = 1_000_000
NOT_PRINTED = frozenset({"csrf_token", FIELD})

V = TypeVar("V")


class IdempotencyKeyMissing(DomainError):
    """This route needs a key, so that a repetition is safe."""

    code = "idempotency-key-missing"


class IdempotencyKeyInvalid(DomainError):
    """The key is not 1 to 64 visible ASCII characters."""

    code = "idempotency-key-invalid"


class Marks:
    """What a view says about keys."""

    def __init__(self) -> None:
        self.required = False
        self.own = False
        self.resumes = False
        self.sealed = False


def key_required(view: V) -> V:
    """Refuse a request without a key: for whatever moves money."""
    _marks(view).required = True
    return view


def own_answer(view: V) -> V:
    """The view's flow takes and keeps the answer in its own transaction (``asked()``)."""
    _marks(view).own = True
    return view


def resumes(view: V) -> V:
    """The view's flow knows the key: run again after a crash, it goes on where it stopped."""
    _marks(view).resumes = True
    return view


def sealed(view: V) -> V:
    """The answer holds a secret, so it is kept sealed by the request that it answers."""
    _marks(view).sealed = True
    return view


def _marks(view: Any) -> Marks:
    if not hasattr(view, ATTRIBUTE):
        setattr(view, ATTRIBUTE, Marks())
    found: Marks = getattr(view, ATTRIBUTE)
    return found


def install(app: Flask) -> None:
    """Stand before and after every view."""
    app.before_request(_before)
    app.after_request(_after)
    app.jinja_env.globals["one_time_key"] = one_time_key


def one_time_key() -> str:
    """The value of a form's hidden field ``idempotency_key``."""
    return secrets.token_urlsafe(18)


def asked() -> KeyedRequest | None:
    """The key of the request at hand, with the caller and the fingerprint it belongs to.

    Raises ``IdempotencyKeyInvalid``.
    """
    if "asked_key" not in g:
        g.asked_key = _asked()
    return cast("KeyedRequest | None", g.asked_key)


def _asked() -> KeyedRequest | None:
    given = request.headers.get(HEADER) if who.on_api() else request.form.get(FIELD)
    if given is None:
        return None
    if KEY.fullmatch(given) is None:
        raise IdempotencyKeyInvalid("a key is 1 to 64 visible ASCII characters")
    return KeyedRequest(
        actor=caller(),
        route=f"{request.method} {request.url_rule}"[:160],
        key=given,
        fingerprint=_fingerprint(),
    )


def replay(kept: Kept) -> Response:
    """The first answer again."""
    kind = "application/json" if who.on_api() else "text/html; charset=utf-8"
    response = Response(kept.body, status=kept.status, content_type=kind)
    if kept.location is not None:
        response.headers["Location"] = kept.location
    response.headers[REPLAYED] = "true"
    return response


def kept_of(response: Response) -> Kept:
    """A response as it is kept."""
    return Kept(
        status=response.status_code,
        body=response.get_data(as_text=True),
        location=response.headers.get("Location"),
    )


def _before() -> Response | None:
    g.request_key = None
    if request.method != "POST" or request.endpoint is None or not _covered():
        return None
    view = view_at(current_app, request.endpoint, request.method)
    marks: Marks = getattr(view, ATTRIBUTE, None) or Marks()
    key = asked()
    if key is None:
        if marks.required:
            raise IdempotencyKeyMissing("send an Idempotency-Key, so that a repetition is safe")
        return None
    g.request_key = key.key
    if marks.own:
        return None
    now = tools().clock()
    kept = answering.claim(key, now=now)
    if kept is not None:
        return replay(_opened(kept, key) if marks.sealed else kept)
    request.environ[CLAIM] = key
    if not marks.resumes:
        accompany(partial(answering.acted, key, claimed_at=now))
    g.sealed = marks.sealed
    return None


def _covered() -> bool:
    return not who.on_api() or request.path.startswith("/api/v1/")


def _after(response: Response) -> Response:
    """Keep a success, free the key of a refusal; a failure here must not spoil the answer."""
    key: KeyedRequest | None = request.environ.pop(CLAIM, None)
    if key is None:
        return response
    try:
        accompany(None)
        if _is_kept(response):
            kept = kept_of(response)
            kept = _closed(kept, key) if g.get("sealed") else kept
            answering.keep(key, kept, now=tools().clock())
        elif response.status_code < 500:
            answering.free(key)
        else:
            answering.let_go(key, now=tools().clock())
    except Exception:
        log.exception("an answer could not be kept; its lease will lapse")
    return response


def _is_kept(response: Response) -> bool:
    """2xx, and the redirect that a page's form leads to."""
    if response.is_streamed or (response.content_length or 0) > MAX_KEPT:
        return False
    return response.status_code < (300 if who.on_api() else 400)


def caller() -> str:
    """Whom a key belongs to: an account, else an address."""
    known = who.person()
    if known is not None:
        return f"u:{known.user_id}"
    return "a:" + sha256(str(request.remote_addr).encode()).hexdigest()[:32]


def _fingerprint() -> str:
    digest = sha256(f"{request.method} {request.path}\n".encode())
    digest.update(_content())
    return digest.hexdigest()


def _content() -> bytes:
    """The body in one spelling: key order, white space and boundaries do not count."""
    if request.mimetype == "multipart/form-data" or not who.on_api():
        return _form_content()
    if not raw_body(request):
        return b""
    return _one_spelling(json_body(request))


def _one_spelling(body: dict[str, Any]) -> bytes:
    try:
        return orjson.dumps(body, option=orjson.OPT_SORT_KEYS)
    except TypeError:  # a number of more than 64 bits
        return json.dumps(body, sort_keys=True).encode()


def _form_content() -> bytes:
    fields = [pair for pair in request.form.items(multi=True) if pair[0] not in NOT_PRINTED]
    files = []
    for name, file in request.files.items(multi=True):
        files.append((name, sha256(file.stream.read()).hexdigest()))
        file.stream.seek(0)
    return json.dumps([sorted(fields, key=repr), sorted(files, key=repr)]).encode()


def _stream(key: KeyedRequest, length: int) -> bytes:
    """A key stream that needs the app's secret and the very request (its row is unique)."""
    seed = "\0".join((str(current_app.secret_key), key.actor, key.route, key.key))
    return shake_256(f"{seed}\0{key.fingerprint}".encode() + _content()).digest(length)


def _closed(kept: Kept, key: KeyedRequest) -> Kept:
    raw = kept.body.encode()
    mixed = bytes(a ^ b for a, b in zip(raw, _stream(key, len(raw)), strict=True))
    return Kept(status=kept.status, body=mixed.hex(), location=kept.location)


def _opened(kept: Kept, key: KeyedRequest) -> Kept:
    raw = bytes.fromhex(kept.body)
    plain = bytes(a ^ b for a, b in zip(raw, _stream(key, len(raw)), strict=True))
    return Kept(status=kept.status, body=plain.decode(), location=kept.location)
