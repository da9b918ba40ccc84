"""Log lines: one JSON object a line, personal data and secrets masked."""

import logging
import re
import sys
from collections.abc import MutableMapping
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

import orjson
import structlog

SECRET = re.compile(
    r"pass|token|secret|authorization|cookie|api_?key|signature|stream_key|idempotency|^code$"
    r"|phone|street|ship_to|address",
    re.IGNORECASE,
)
PHONE = re.compile(r"(?<![0-9A-Za-z])((?:\+?86)?1[3-9][0-9])[0-9]{4}([0-9]{4})(?![0-9A-Za-z])")
BEARER = re.compile(r"(?i)(bearer\s+)[\w.~+/=-]+")
STRIPE = re.compile(r"\b(sk|rk|whsec)_\w+")
CREDENTIALS = re.compile(r"(\w+://[^:/\s]*:)[^@\s]+@")
ROW = re.compile(r"(Failing row contains )\(.*?\)\.(?=\n|$)", re.DOTALL)
KEY = re.compile(r"(Key \([^)\n]*\)=)\(.*?\)(?= already| is (?:not|still)| conflicts)", re.DOTALL)
"""What PostgreSQL tells about the row that it refused."""
MASK = "***"
MAX_TEXT = 4000
CUT = " [...] "
CHATTY = ("alembic", "apscheduler")
"""Libraries whose every step is told at INFO."""

Event = MutableMapping[str, Any]


def mask(_logger: object, _method: str, event: Event) -> Event:
    """Hide what a log must not know, by the name of the field and by the look of the value."""
    for name in list(event):
        event[name] = MASK if SECRET.search(name) else _masked(event[name])
    return event


def masked(text: str) -> str:
    """A text without telephone numbers, bearer tokens, provider keys and passwords of addresses.

    Nor does it say what stood in a refused row. Of a long text both ends stay: a traceback begins
    with where it happened and ends with what.
    """
    text = PHONE.sub(r"\1****\2", text)
    text = BEARER.sub(rf"\1{MASK}", text)
    text = STRIPE.sub(rf"\1_{MASK}", text)
    text = KEY.sub(rf"\1{MASK}", ROW.sub(rf"\1{MASK}", text))
    return _both_ends(CREDENTIALS.sub(rf"\1{MASK}@", text))


def _both_ends(text: str) -> str:
    if len(text) <= MAX_TEXT:
        return text
    half = (MAX_TEXT - len(CUT)) // 2
    return text[:half] + CUT + text[-half:]


def _masked(value: Any) -> Any:
    if isinstance(value, str):
        return masked(value)
    if isinstance(value, dict):
        return {
            name: MASK if SECRET.search(str(name)) else _masked(inner)
            for name, inner in value.items()
        }
    if isinstance(value, list | tuple):
        return [_masked(inner) for inner in value]
    return value


def write(event: str, **facts: Any) -> None:
    """One line of facts that are known to be fit: the short way for what every request says."""
    line = {"event": event, **facts, "timestamp": datetime.now(UTC).isoformat()}
    with suppress(OSError, ValueError):
        sys.stderr.write(orjson.dumps(line).decode() + "\n")


class _Stderr(logging.StreamHandler[Any]):
    """Writes to whatever standard error is at the moment."""

    def __init__(self) -> None:
        logging.Handler.__init__(self)

    @property
    def stream(self) -> Any:
        return sys.stderr


def configure(*, level: str = "INFO") -> None:
    """Send every logger of the process, ours and the libraries', through one renderer."""
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    handler = _Stderr()
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.format_exc_info,
                mask,
                structlog.processors.JSONRenderer(ensure_ascii=False),
            ],
        )
    )
    root = logging.getLogger()
    root.handlers = [kept for kept in root.handlers if not _ours(kept)] + [handler]
    root.setLevel(level)
    for chatty in CHATTY:
        logging.getLogger(chatty).setLevel(logging.WARNING)


def _ours(handler: logging.Handler) -> bool:
    return isinstance(handler.formatter, structlog.stdlib.ProcessorFormatter)
