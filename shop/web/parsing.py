"""How marshmallow reads a request, and how its complaints become entries of a problem."""

import math
from collections.abc import Iterator, Mapping
from typing import Any, NoReturn

import marshmallow as ma
from flask import Request, g
from webargs.flaskparser import FlaskParser
from werkzeug.exceptions import RequestEntityTooLarge

from shop.kernel.errors import DomainError, Invalid, pointer
from shop.web.fields import Said
from shop.web.strict_json import MalformedBody, parse_object
from shop.web.words import N_

KNOWN = (
    ("Missing data", "required", N_("this is needed")),
    ("Field may not be null", "null", N_("this may not be empty")),
    ("Unknown field", "unknown-field", N_("there is no such field")),
    ("Invalid input type", "not-an-object", N_("an object is needed")),
    ("Not a valid list", "not-a-list", N_("a list is needed")),
    ("Not a valid string", "not-a-text", N_("text is needed")),
    ("Must be one of", "not-a-choice", N_("this is not one of the choices")),
    ("Shorter than", "too-short", N_("this is too short")),
    ("Longer than", "too-long", N_("this is too long")),
    ("Length must be", "bad-length", N_("this is too short or too long")),
)
"""marshmallow's own sentences, by how they begin, in our words."""


class InvalidParameter(DomainError):
    """Something after the question mark is wrong."""

    code = "invalid-parameter"


class UnknownField(DomainError):
    """A body names a field that its schema does not have."""

    code = "unknown-field"


class UnsupportedMediaType(DomainError):
    """The body is not of the kind that this route reads."""

    code = "unsupported-media-type"


def entries(messages: Any, *path: object) -> Iterator[dict[str, str]]:
    """Marshmallow's nested messages as ``{pointer, code, detail}``."""
    if isinstance(messages, Mapping):
        for name, inner in messages.items():
            steps = path if name == "_schema" else (*path, name)
            yield from entries(inner, *steps)
        return
    for message in messages if isinstance(messages, list) else [messages]:
        if isinstance(message, Mapping):
            yield from entries(message, *path)
            continue
        code, text = _read(message)
        yield {"pointer": pointer(*path), "code": code, "detail": text}


def _read(message: object) -> tuple[str, str]:
    text = str(message)
    if isinstance(message, Said):
        return message.code, text
    for beginning, code, ours in KNOWN:
        if text.startswith(beginning):
            return code, ours
    return "invalid", text


def refusal(messages: Any) -> DomainError:
    """The problem that a body's complaints amount to."""
    errors = list(entries(messages))
    if any(error["code"] == "unknown-field" for error in errors):
        return UnknownField(errors=errors)
    return Invalid(errors=errors)


def json_body(request: Request) -> dict[str, Any]:
    """The body as a strict JSON object, parsed once a request."""
    if "json_body" not in g:
        if not _is_json(request):
            raise UnsupportedMediaType("send application/json in UTF-8")
        g.json_body = parse_object(raw_body(request))
    return dict(g.json_body)


def raw_body(request: Request) -> bytes:
    """The bytes; a body that stops arriving is told from a shop that stops answering."""
    g.reading = True
    raw = request.get_data(cache=True)
    g.reading = False
    # A chunked body is cut at the bound without a word.
    if request.content_length is None and len(raw) >= (request.max_content_length or math.inf):
        raise RequestEntityTooLarge
    return raw


def refuse_body(request: Request) -> None:
    """For routes that take none: only nothing, or an empty object, may be sent."""
    if raw_body(request) and (extra := json_body(request)):
        raise refusal({name: ["Unknown field."] for name in extra})


def _is_json(request: Request) -> bool:
    kind = request.mimetype
    charset = request.mimetype_params.get("charset", "utf-8").lower()
    if charset not in ("utf-8", "utf8"):
        return False
    head, _, tail = kind.partition("/")
    return head == "application" and (tail == "json" or tail.endswith("+json"))


class ShopParser(FlaskParser):
    """Strict JSON for bodies, 422 for what is wrong in them, 400 for the rest."""

    def load_json(self, req: Request, schema: ma.Schema) -> Any:
        """Nothing sent is an empty object where nothing is required."""
        if raw_body(req):
            return json_body(req)
        if any(field.required for field in schema.fields.values()):
            raise MalformedBody("a JSON object is needed")
        return {}

    def handle_error(
        self, error: ma.ValidationError, *_args: object, **_kwargs: object
    ) -> NoReturn:
        """webargs wraps the messages once more by location."""
        messages: Any = error.messages
        location, inner = next(iter(messages.items()))
        if location in ("query", "querystring", "headers"):
            raise InvalidParameter(errors=list(entries(inner)))
        raise refusal(inner)
