"""One table from the code of a problem to its HTTP status and words (RFC 9457)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from flask import Response, json, request
from flask_babel import gettext

from shop.tools import tools
from shop.web.logs import request_id
from shop.web.words import later

MEDIA_TYPE = "application/problem+json; charset=utf-8"
MAX_ERRORS = 100
MAX_INSTANCE = 500
OWN_MEMBERS = frozenset(
    {
        "type",
        "title",
        "status",
        "detail",
        "instance",
        "code",
        "request_id",
        "retryable",
        "errors",
    }
)


@dataclass(frozen=True)
class Kind:
    """What every problem of one code has in common; ``retry_after`` is in seconds."""

    status: int
    title: object
    retryable: bool = False
    retry_after: int | None = None


KINDS: Mapping[str, Kind] = {
    "bad-request": Kind(400, later("The request cannot be understood")),
    "malformed-body": Kind(400, later("The body is not well-formed JSON")),
    "invalid-parameter": Kind(400, later("A parameter of the address is wrong")),
    "idempotency-key-missing": Kind(400, later("An Idempotency-Key is needed here")),
    "idempotency-key-invalid": Kind(400, later("The Idempotency-Key is not valid")),
    "webhook-signature-invalid": Kind(400, later("The signature does not match")),
    "unauthenticated": Kind(401, later("Please sign in")),
    "token-invalid": Kind(401, later("The sign-in is no longer valid")),
    "invalid-credentials": Kind(401, later("The number and the password or code do not match")),
    "payment-declined": Kind(402, later("The payment was declined")),
    "forbidden": Kind(403, later("This is not yours to do")),
    "reauth-required": Kind(403, later("Please confirm that it is you")),
    "approval-required": Kind(403, later("A second person has to approve this")),
    "csrf-failed": Kind(403, later("The form has expired or came from another site")),
    "not-found": Kind(404, later("Nothing is here")),
    "method-not-allowed": Kind(405, later("This address does not take that method")),
    "not-acceptable": Kind(406, later("No answer in the form you accept")),
    "request-timeout": Kind(408, later("The request took too long to arrive"), retryable=True),
    "conflict": Kind(409, later("Something else changed at the same time")),
    "illegal-transition": Kind(409, later("This step is not possible now")),
    "gate-incomplete": Kind(409, later("Something is still missing")),
    "insufficient-stock": Kind(409, later("Not enough is left")),
    "purchase-limit": Kind(409, later("This is more than one buyer may have")),
    "deal-not-active": Kind(409, later("The offer is not on now")),
    "price-changed": Kind(409, later("The price has changed")),
    "reservation-expired": Kind(409, later("The reservation has ended")),
    "order-state-conflict": Kind(409, later("The order does not allow this now")),
    "already-refunded": Kind(409, later("This was refunded already")),
    "already-reversed": Kind(409, later("This was reversed already")),
    "period-closed": Kind(409, later("The month is closed")),
    "phone-taken": Kind(409, later("This number has an account already")),
    "quota-exceeded": Kind(409, later("There is no room for more")),
    "idempotency-in-progress": Kind(
        409, later("The same request is under way"), retryable=True, retry_after=1
    ),
    "idempotency-answer-lost": Kind(409, later("This was done, but its answer was lost")),
    "precondition-failed": Kind(412, later("It was changed since you looked")),
    "payload-too-large": Kind(413, later("This is too large")),
    "uri-too-long": Kind(414, later("The address is too long")),
    "unsupported-media-type": Kind(415, later("This kind of content is not taken here")),
    "range-not-satisfiable": Kind(416, later("There is no such part")),
    "validation-error": Kind(422, later("Something in it is not right")),
    "unknown-field": Kind(422, later("There is a field that does not belong here")),
    "no-delivery": Kind(422, later("We do not deliver there")),
    "consent-required": Kind(422, later("Your consent is needed")),
    "several-sellers": Kind(422, later("Order from each cooperative separately")),
    "coupon-invalid": Kind(422, later("The coupon is not valid")),
    "refund-exceeds-captured": Kind(422, later("This is more than was paid")),
    "currency-mismatch": Kind(422, later("Only yuan are taken")),
    "unsupported-file": Kind(422, later("This file cannot be used")),
    "url-not-allowed": Kind(422, later("This address is not allowed")),
    "idempotency-key-reused": Kind(422, later("The key belongs to another request")),
    "precondition-required": Kind(428, later("Say which version you changed")),
    "rate-limited": Kind(429, later("Too many requests"), retryable=True, retry_after=30),
    "headers-too-large": Kind(431, later("The headers are too large")),
    "internal-error": Kind(500, later("Something went wrong on our side")),
    "overloaded": Kind(503, later("The shop is very busy"), retryable=True, retry_after=2),
    "dependency-unavailable": Kind(
        503, later("A part of the shop does not answer"), retryable=True, retry_after=2
    ),
    "upstream-unavailable": Kind(
        503, later("A partner's service does not answer"), retryable=True, retry_after=5
    ),
    "storage-full": Kind(507, later("The storage is full"), retryable=True, retry_after=30),
}


def kind_of(code: str) -> Kind:
    """The table's row; a code that is missing there is a refusal of content."""
    return KINDS.get(code, KINDS["validation-error"])


def document(
    code: str,
    *,
    detail: str = "",
    errors: Sequence[Mapping[str, str]] = (),
    facts: Mapping[str, object] | None = None,
) -> dict[str, Any]:
    """The body of a problem; ``facts`` become members of their own."""
    kind = kind_of(code)
    title = str(kind.title)
    extra = {name: value for name, value in (facts or {}).items() if name not in OWN_MEMBERS}
    return extra | {
        "type": f"{tools().settings.base_url}/problems/{code}",
        "title": title,
        "status": kind.status,
        "detail": said(detail) or title,
        "instance": quote(request.path[:MAX_INSTANCE], safe="/-._~", errors="replace"),
        "code": code,
        "request_id": request_id(),
        "retryable": kind.retryable,
        "errors": [_entry(error) for error in errors[:MAX_ERRORS]],
    }


def answer(
    code: str,
    *,
    detail: str = "",
    errors: Sequence[Mapping[str, str]] = (),
    facts: Mapping[str, object] | None = None,
) -> Response:
    """The problem document as a response, with its ``Retry-After``."""
    facts = dict(facts or {})
    wait = facts.pop("retry_after", kind_of(code).retry_after)
    body = document(code, detail=detail, errors=errors, facts=facts)
    response = Response(_dumps(body), status=body["status"], content_type=MEDIA_TYPE)
    if isinstance(wait, int | float):
        response.headers["Retry-After"] = str(max(1, int(wait)))
    return response


def said(text: str) -> str:
    """A sentence in the reader's language; the empty key of a catalogue is its header."""
    return str(gettext(text)) if text else ""


def _entry(error: Mapping[str, str]) -> dict[str, str]:
    return {
        "pointer": error.get("pointer", ""),
        "code": error.get("code", "invalid"),
        "detail": said(error.get("detail", "")),
    }


def _dumps(body: object) -> bytes:
    return json.dumps(body).encode()
