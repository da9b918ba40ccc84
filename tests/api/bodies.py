"""The JSON bodies that routes of the API take: their schemas, down to the last nested field."""

from collections.abc import Iterator
from copy import deepcopy
from typing import Any

import marshmallow as ma
from flask import Flask

from shop.web.strict_json import pointer
from shop.web.views import view_at

Path = tuple[str | int, ...]


def bodies(app: Flask) -> Iterator[tuple[str, ma.Schema | None]]:
    """``VERB rule`` of every route that reads JSON with its schema, or ``None`` for no body."""
    for rule in app.url_map.iter_rules():
        for verb in ("POST", "PUT", "PATCH"):
            if rule.rule.startswith("/api/v1/") and verb in (rule.methods or ()):
                documented = getattr(view_at(app, rule.endpoint, verb), "_apidoc", {})
                read = documented.get("arguments", {}).get("parameters", ())
                if all(parameter["in"] != "files" for parameter in read):
                    yield f"{verb} {rule.rule}", _schema(read)


def _schema(parameters: Any) -> ma.Schema | None:
    for parameter in parameters:
        if parameter["in"] == "json":
            schema: Any = parameter["schema"]
            return schema() if isinstance(schema, type) else schema
    return None


def fields(schema: ma.Schema, *above: str | int) -> Iterator[tuple[Path, ma.fields.Field[Any]]]:
    """Every field at any depth with its path; the first element stands for a whole list."""
    for name, field in schema.fields.items():
        yield from _below(field, (*above, field.data_key or name))


def _below(field: ma.fields.Field[Any], path: Path) -> Iterator[tuple[Path, ma.fields.Field[Any]]]:
    yield path, field
    if isinstance(field, ma.fields.List):
        yield from _below(field.inner, (*path, 0))
    elif isinstance(field, ma.fields.Nested):
        yield from fields(field.schema, *path)


def objects(schema: ma.Schema | None) -> Iterator[tuple[Path, set[str]]]:
    """Every object that a body may hold, the body itself first, with the names it may have."""
    yield (), set(_names(schema)) if schema else set()
    for path, field in fields(schema) if schema else ():
        if isinstance(field, ma.fields.Nested):
            yield path, set(_names(field.schema))


def _names(schema: ma.Schema) -> Iterator[str]:
    for name, field in schema.fields.items():
        yield field.data_key or name


def placed(body: Any, path: Path, value: Any) -> Any:
    """A copy of ``body`` with ``value`` at ``path``; objects and lists on the way are made."""
    body = deepcopy(body)
    if not path:
        return value
    step, rest = path[0], path[1:]
    if isinstance(step, int):
        body = list(body or ())
        inner = placed(body[step] if len(body) > step else None, rest, value)
        return [*body[:step], inner, *body[step + 1 :]]
    return {**(body or {}), step: placed((body or {}).get(step), rest, value)}


def at(path: Path) -> str:
    """The JSON pointer of a path."""
    return pointer(*path)
