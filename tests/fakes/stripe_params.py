"""Stripe's request parameters as stripe-python types them: what they do not know is 400."""

import types
import typing
from collections.abc import Mapping
from functools import cache
from typing import Any, NotRequired, Required
from urllib.parse import parse_qsl

import stripe.params as params
import stripe.params.checkout as checkout_params
from stripe._request_options import RequestOptions
from typing_extensions import get_type_hints, is_typeddict

KNOWN = {
    "payment_intents.create": params.PaymentIntentCreateParams,
    "payment_intents.retrieve": params.PaymentIntentRetrieveParams,
    "payment_intents.confirm": params.PaymentIntentConfirmParams,
    "payment_intents.cancel": params.PaymentIntentCancelParams,
    "sessions.create": checkout_params.SessionCreateParams,
    "sessions.retrieve": checkout_params.SessionRetrieveParams,
    "sessions.expire": checkout_params.SessionExpireParams,
    "refunds.create": params.RefundCreateParams,
    "refunds.retrieve": params.RefundRetrieveParams,
    "events.list": params.EventListParams,
    "events.retrieve": params.EventRetrieveParams,
}
OPTIONS = frozenset(RequestOptions.__annotations__)
NAMES = {"StripeContext": str, "Mapping": Mapping}


class BadParam(Exception):
    """One parameter is unknown, missing or of another type."""

    def __init__(self, param: str, code: str) -> None:
        super().__init__(f"{code}: {param}")
        self.param, self.code = param, code


def read(operation: str, encoded: str) -> dict[str, Any]:
    """Decode a form or query and hold it against the typed parameters of an operation."""
    tree: dict[str, Any] = {}
    for key, value in parse_qsl(encoded, keep_blank_values=True):
        _plant(tree, key.replace("]", "").split("["), value)
    return _mapping(_lists(tree), KNOWN[operation], "")


def _plant(tree: dict[str, Any], path: list[str], value: str) -> None:
    for part in path[:-1]:
        tree = tree.setdefault(part, {})
    tree[path[-1]] = value


def _lists(node: Any) -> Any:
    if not isinstance(node, dict):
        return node
    grown = {key: _lists(value) for key, value in node.items()}
    if grown and all(key.isdigit() for key in grown):
        return [grown[key] for key in sorted(grown, key=int)]
    return grown


@cache
def _fields(kind: type) -> dict[str, Any]:
    hints = get_type_hints(kind, localns=NAMES, include_extras=True)
    return {key: hint for key, hint in hints.items() if key not in OPTIONS}


def _mapping(value: Any, kind: Any, path: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise BadParam(path, "parameter_invalid")
    fields = _fields(kind)
    for key in value:
        if key not in fields:
            raise BadParam(_at(path, key), "parameter_unknown")
    for key in kind.__required_keys__ - OPTIONS:
        if key not in value:
            raise BadParam(_at(path, key), "parameter_missing")
    return {key: _value(one, fields[key], _at(path, key)) for key, one in value.items()}


def _value(value: Any, hint: Any, path: str) -> Any:
    origin, args = typing.get_origin(hint), typing.get_args(hint)
    if origin in (NotRequired, Required):
        return _value(value, args[0], path)
    if origin in (typing.Union, types.UnionType):
        return _one_of(value, args, path)
    if is_typeddict(hint):
        return _mapping(value, hint, path)
    if origin is list and isinstance(value, list):
        return [_value(one, args[0], f"{path}[{i}]") for i, one in enumerate(value)]
    if isinstance(value, dict) and origin not in (list, typing.Literal) and _flat(value):
        return value
    return _plain(value, hint, path)


def _flat(value: dict[str, Any]) -> bool:
    return all(isinstance(one, str) for one in value.values())


def _one_of(value: Any, options: tuple[Any, ...], path: str) -> Any:
    """Where the types list the known words beside ``str``, only the listed words pass."""
    literals = [one for one in options if typing.get_origin(one) is typing.Literal]
    rest = [one for one in options if one is not str] if literals else list(options)
    for option in rest:
        try:
            return _value(value, option, path)
        except BadParam as bad:
            if bad.code != "parameter_invalid" or bad.param != path:
                raise
    raise BadParam(path, "parameter_invalid")


def _plain(value: Any, hint: Any, path: str) -> Any:
    if isinstance(value, str):
        if typing.get_origin(hint) is typing.Literal and value in typing.get_args(hint):
            return value
        if hint is str:
            return value
        if hint is int and value.lstrip("-").isdigit():
            return int(value)
        if hint is bool and value in ("true", "false"):
            return value == "true"
    raise BadParam(path, "parameter_invalid")


def _at(path: str, key: str) -> str:
    return f"{path}[{key}]" if path else key
