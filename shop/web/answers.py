"""How Python values become JSON: orjson, with lazy words as text."""

from typing import Any

import orjson
from flask import Flask, Response
from flask.json.provider import JSONProvider
from flask_babel.speaklater import LazyString

OPTIONS = orjson.OPT_UTC_Z | orjson.OPT_NON_STR_KEYS


class ShopJson(JSONProvider):
    """What ``flask.json`` and every response use."""

    def dumps(self, obj: Any, **_kwargs: Any) -> str:
        return orjson.dumps(obj, default=_plain, option=OPTIONS).decode()

    def loads(self, s: str | bytes, **_kwargs: Any) -> Any:
        return orjson.loads(s)

    def response(self, *args: Any, **kwargs: Any) -> Any:
        raw = orjson.dumps(self._prepare_response_obj(args, kwargs), default=_plain, option=OPTIONS)
        return Response(raw, mimetype="application/json")


def install(app: Flask) -> None:
    """Give the app its JSON."""
    app.json = ShopJson(app)


def _plain(value: Any) -> Any:
    if isinstance(value, LazyString):
        return str(value)
    raise TypeError(f"not a JSON value: {type(value).__name__}")
