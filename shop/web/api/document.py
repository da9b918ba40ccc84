"""The OpenAPI 3.1 document: smorest's, with every answer that the ground itself may give."""

import re
from http import HTTPStatus
from typing import Any

from flask import Flask

from shop.tools import tools
from shop.web.idempotency import ATTRIBUTE as MARKS
from shop.web.idempotency import HEADER, Marks
from shop.web.views import view_at
from shop.web.who import access_of

VERBS = frozenset({"get", "post", "put", "patch", "delete"})
COMMON = (400, 401, 402, 403, 404, 405, 406, 408, 409, 412, 413, 415, 422, 428, 429, 500, 503, 507)
CONVERTER = re.compile(r"<(?:[^:<>]+:)?([^<>]+)>")

PROBLEM: dict[str, Any] = {
    "type": "object",
    "description": "RFC 9457; members beyond these give facts, such as what is left.",
    "required": [
        "type",
        "title",
        "status",
        "detail",
        "instance",
        "code",
        "request_id",
        "retryable",
        "errors",
    ],
    "properties": {
        "type": {"type": "string", "format": "uri"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "instance": {"type": "string"},
        "code": {"type": "string"},
        "request_id": {"type": "string"},
        "retryable": {"type": "boolean"},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["pointer", "code", "detail"],
                "properties": {
                    "pointer": {"type": "string"},
                    "code": {"type": "string"},
                    "detail": {"type": "string"},
                },
            },
        },
    },
}


def document(app: Flask) -> dict[str, Any]:
    """The whole document, made once an app."""
    kept: dict[str, Any] | None = app.extensions.get("shop_openapi")
    if kept is None:
        kept = app.extensions["shop_openapi"] = _made(app)
    return kept


def _made(app: Flask) -> dict[str, Any]:
    spec: dict[str, Any] = app.extensions["shop_api"].describe()
    spec["servers"] = [{"url": tools().settings.base_url}]
    components = spec.setdefault("components", {})
    schemas = components.setdefault("schemas", {})
    for name in ("Error", "PaginationMetadata"):
        schemas.pop(name, None)
    schemas["Problem"] = PROBLEM
    components["responses"] = {"Problem": _problem_response()}
    components["securitySchemes"] = {"bearer": {"type": "http", "scheme": "bearer"}}
    endpoints = {
        CONVERTER.sub(r"{\1}", rule.rule): rule.endpoint for rule in app.url_map.iter_rules()
    }
    for path, operations in spec.get("paths", {}).items():
        for verb in VERBS & operations.keys():
            _complete(app, operations[verb], endpoint=endpoints[path], verb=verb)
    spec["tags"] = [
        tag | {"name": tag["name"].removeprefix("api_")} for tag in spec.get("tags", ())
    ]
    return spec


def _complete(app: Flask, operation: dict[str, Any], *, endpoint: str, verb: str) -> None:
    access = access_of(app, endpoint, verb.upper())
    operation["operationId"] = f"{endpoint}.{verb}".replace(".", "_")
    operation["tags"] = [tag.removeprefix("api_") for tag in operation.get("tags", ())]
    operation["security"] = [{}] if access is None or access.open else [{"bearer": []}]
    if access is not None and access.roles:
        words = f"For: {', '.join(access.roles)}."
        operation["description"] = f"{operation.get('description', '')}\n\n{words}".strip()
        operation["x-roles"] = list(access.roles)
    answers = operation.setdefault("responses", {})
    answers.pop("default", None)
    for status in COMMON:
        answers[str(status)] = {"$ref": "#/components/responses/Problem"}
    if verb == "get":
        answers["304"] = {"description": HTTPStatus.NOT_MODIFIED.phrase}
    if verb == "post":
        _add_key(operation, getattr(view_at(app, endpoint, "POST"), MARKS, None) or Marks())


def _add_key(operation: dict[str, Any], marks: Marks) -> None:
    operation.setdefault("parameters", []).append(
        {
            "name": HEADER,
            "in": "header",
            "required": marks.required,
            "schema": {"type": "string", "pattern": "^[!-~]{1,64}$"},
        }
    )


def _problem_response() -> dict[str, Any]:
    return {
        "description": "A problem document",
        "content": {
            "application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}
        },
    }
