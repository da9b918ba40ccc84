"""The API described: the OpenAPI document, and a page drawn from it that loads nothing."""

from typing import Any

from flask import Blueprint, Response, current_app, json, render_template

from shop.web.api.document import document
from shop.web.problems import KINDS
from shop.web.who import anyone

VERBS = ("get", "post", "put", "patch", "delete")

bp = Blueprint("api_docs", __name__, url_prefix="/api")


@bp.get("/openapi.json")
@anyone
def openapi() -> Response:
    """OpenAPI 3.1."""
    return Response(json.dumps(document(current_app)), content_type="application/json")


@bp.get("/docs")
@anyone
def page() -> str:
    """Every operation on one page, by subject."""
    spec = document(current_app)
    schemas = spec["components"]["schemas"]

    def resolve(schema: dict[str, Any]) -> dict[str, Any]:
        found: dict[str, Any] = schemas.get(_name(schema), schema)
        return found

    return render_template(
        "api/docs.html", spec=spec, by_tag=_by_tag(spec), kinds=KINDS, resolve=resolve, words=_words
    )


def _by_tag(spec: dict[str, Any]) -> dict[str, list[dict[str, Any]]]:
    found: dict[str, list[dict[str, Any]]] = {}
    for path, operations in sorted(spec.get("paths", {}).items()):
        for verb in (verb for verb in VERBS if verb in operations):
            operation = operations[verb]
            tag = (operation.get("tags") or ["other"])[0]
            found.setdefault(tag, []).append({"path": path, "verb": verb, "operation": operation})
    return dict(sorted(found.items()))


def _name(schema: dict[str, Any]) -> str:
    return str(schema.get("$ref", "")).rpartition("/")[2]


def _words(schema: dict[str, Any]) -> str:
    """A field's type in few words: ``integer 0..100``, ``array of LotOut``."""
    if name := _name(schema):
        return name
    kind = schema.get("type", "object")
    text = " | ".join(kind) if isinstance(kind, list) else str(kind)
    if "items" in schema:
        text += f" of {_words(schema['items'])}"
    if "enum" in schema:
        text += ": " + ", ".join(str(one) for one in schema["enum"])
    if "minimum" in schema and "maximum" in schema:
        text += f" {schema['minimum']}..{schema['maximum']}"
    return text
