"""JSON as the contract has it: nothing that two readers could understand differently."""

import json
import math
import re
from typing import Any, NoReturn

from shop.kernel.errors import DomainError, Invalid, pointer

MAX_DEPTH = 32
MAX_DIGITS = 40
BOM = b"\xef\xbb\xbf"
TOKENS = re.compile(rb'"(?:[^"\\]++|\\.?)*+(?:"|\Z)|[\[\]{}]', re.DOTALL)
UNSAFE = re.compile("[\x00\ud800-\udfff]")


class MalformedBody(DomainError):
    """The bytes are no JSON that the shop reads."""

    code = "malformed-body"


def parse_object(raw: bytes) -> dict[str, Any]:
    """One JSON object; raises ``MalformedBody``, or ``Invalid`` for another kind of value."""
    value = parse(raw)
    if not isinstance(value, dict):
        raise Invalid.at("", "a JSON object is needed")
    return value


def parse(raw: bytes) -> Any:
    """One JSON value in UTF-8, no deeper than 32, each key once, every number finite."""
    text = _text(raw)
    _check_depth(raw)
    try:
        value = json.loads(
            text,
            object_pairs_hook=_each_key_once,
            parse_constant=_refuse_constant,
            parse_float=_finite,
            parse_int=_bounded,
        )
    except (ValueError, RecursionError) as error:
        raise MalformedBody("the body is not JSON") from error
    if "\\u" in text:
        _check_text(value)
    return value


def _text(raw: bytes) -> str:
    if raw.startswith(BOM):
        raise MalformedBody("the body begins with a byte order mark")
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError as error:
        raise MalformedBody("the body is not UTF-8") from error


def _check_depth(raw: bytes) -> None:
    """Before parsing, and without recursion: strings are skipped whole."""
    if raw.count(b"[") + raw.count(b"{") <= MAX_DEPTH:
        return
    depth = 0
    for token in TOKENS.finditer(raw):
        sign = token[0]
        if sign in (b"[", b"{"):
            depth += 1
            if depth > MAX_DEPTH:
                raise MalformedBody("the body is nested too deeply")
        elif sign in (b"]", b"}"):
            depth -= 1


def _each_key_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise MalformedBody("a key stands twice in one object")
    return found


def _refuse_constant(_name: str) -> NoReturn:
    raise MalformedBody("a number is not finite")


def _finite(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise MalformedBody("a number is too large")
    return value


def _bounded(text: str) -> int:
    if len(text) > MAX_DIGITS:
        raise MalformedBody("a number is too large")
    return int(text)


def _check_text(value: Any) -> None:
    """NUL and lone surrogates can only come in by an escape."""
    waiting: list[tuple[tuple[object, ...], Any]] = [((), value)]
    while waiting:
        path, node = waiting.pop()
        if isinstance(node, str) and UNSAFE.search(node):
            raise Invalid.at(pointer(*path), "this text holds a character that is not allowed")
        if isinstance(node, dict):
            if any(UNSAFE.search(name) for name in node):
                raise Invalid.at(pointer(*path), "a name holds a character that is not allowed")
            waiting.extend(((*path, name), inner) for name, inner in node.items())
        elif isinstance(node, list):
            waiting.extend(((*path, place), inner) for place, inner in enumerate(node))
