"""JSON from outside, read without surprises: one object, no NaN, no twins, no depth, no bulk."""

import json
import math
from typing import Any, NoReturn

from shop.domain.logistics.couriers.base import MalformedReport

MAX_CHARACTERS = 512 * 1024
MAX_DEPTH = 32


def read_object(text: str) -> dict[str, Any]:
    """The object in ``text``; raises ``MalformedReport`` for anything else."""
    if len(text) > MAX_CHARACTERS:
        raise MalformedReport("the report is too large")
    try:
        found = json.loads(
            text, parse_constant=_no_constant, parse_float=_finite, object_pairs_hook=_no_twins
        )
    except (ValueError, RecursionError) as error:
        raise MalformedReport("the report is not JSON") from error
    if not isinstance(found, dict) or _depth(found) > MAX_DEPTH:
        raise MalformedReport("the report is not a flat JSON object")
    return found


def _no_constant(name: str) -> NoReturn:
    raise ValueError(name)


def _finite(digits: str) -> float:
    value = float(digits)
    if not math.isfinite(value):
        raise ValueError(digits)
    return value


def _no_twins(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a key twice")
    return found


def _depth(root: object) -> int:
    """How deep arrays and objects nest, without recursion; stops once it is too deep."""
    level: list[object] = [root]
    deep = 0
    while level and deep <= MAX_DEPTH:
        inner: list[object] = []
        for one in level:
            if isinstance(one, dict):
                inner.extend(one.values())
            elif isinstance(one, list):
                inner.extend(one)
        deep += any(isinstance(one, dict | list) for one in level)
        level = inner
    return deep
