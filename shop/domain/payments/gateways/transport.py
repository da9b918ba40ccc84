"""Outgoing HTTP with a deadline, a few tries and a circuit; knows no provider."""

import random
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import requests
from requests.adapters import HTTPAdapter
from urllib3.exceptions import HTTPError, NewConnectionError

from shop.domain.payments.gateways.base import GatewayDown, OutcomeUnknown
from shop.kernel.circuit import Circuit, CircuitOpen

CONNECT_S = 2.0
READ_S = 8.0
BUDGET_S = 9.0
TRIES = 3
SHORTEST_TRY_S = 0.3
FIRST_PAUSE_S = 0.2
MAX_REPLY = 8 * 1024 * 1024
HARMLESS = frozenset({"GET", "HEAD"})


@dataclass(frozen=True, kw_only=True)
class Reply:
    """What came back."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class Transport:
    """Sends one request up to three times until the caller's deadline.

    A 409, a 429, a 5xx and a broken connection are tried again; the caller sends the same
    idempotency key each time. A 409 that stays is handed back, since the provider is well.
    """

    def __init__(
        self,
        *,
        circuit: Circuit,
        budget_s: float = BUDGET_S,
        read_s: float = READ_S,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._circuit = circuit
        self._budget_s = budget_s
        self._read_s = read_s
        self._clock = clock
        self._session = requests.Session()
        pool = HTTPAdapter(pool_connections=2, pool_maxsize=32)
        self._session.mount("https://", pool)
        self._session.mount("http://", pool)

    def deadline(self) -> float:
        """When an operation that begins now has to be over, on this transport's clock."""
        return self._clock() + self._budget_s

    def send(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str],
        body: str | None,
        until: float,
    ) -> Reply:
        """The provider's answer; GatewayDown when nothing happened, OutcomeUnknown when it may."""
        try:
            with self._circuit.guard():
                return self._persist(method.upper(), url, headers=headers, body=body, until=until)
        except CircuitOpen as error:
            raise GatewayDown(error.detail, retry_after=error.facts["retry_after"]) from error

    def _persist(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str],
        body: str | None,
        until: float,
    ) -> Reply:
        may_have_acted = False
        why = "no time was left"
        for attempt in range(TRIES):
            last = attempt == TRIES - 1
            wait_s = 0.0
            try:
                reply = self._once(method, url, headers=headers, body=body, until=until)
            except (OSError, HTTPError) as error:
                why = type(error).__name__
                may_have_acted |= method not in HARMLESS and not _never_sent(error)
            else:
                if not _passing(reply) or (last and reply.status == 409):
                    return reply
                why = f"status {reply.status}"
                may_have_acted |= method not in HARMLESS and reply.status != 429
                wait_s = _asked_pause(reply)
                last |= reply.headers.get("stripe-should-retry") == "false"
            pause_s = max(wait_s, FIRST_PAUSE_S * 2**attempt * random.uniform(0.5, 1.0))
            if last or self._clock() + pause_s + SHORTEST_TRY_S > until:
                break
            time.sleep(pause_s)
        trouble = OutcomeUnknown if may_have_acted else GatewayDown
        raise trouble(f"the payment provider did not answer: {why}", retry_after=5)

    def _once(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str],
        body: str | None,
        until: float,
    ) -> Reply:
        left_s = max(until - self._clock(), 0.05)
        with self._session.request(
            method,
            url,
            headers=dict(headers),
            data=body,
            timeout=(min(CONNECT_S, left_s), min(self._read_s, left_s)),
            allow_redirects=False,
            stream=True,
        ) as answer:
            return Reply(
                status=answer.status_code,
                headers=answer.headers,
                body=self._read(answer, until=until),
            )

    def _read(self, answer: requests.Response, *, until: float) -> bytes:
        """Read piece by piece, since a socket's own timeout forgives an endless drip."""
        pieces: list[bytes] = []
        size = 0
        while piece := answer.raw.read1(65536, decode_content=True):
            pieces.append(piece)
            size += len(piece)
            if size > MAX_REPLY or self._clock() > until:
                raise requests.Timeout("the answer is too slow or too long")
        return b"".join(pieces)


def _passing(reply: Reply) -> bool:
    return reply.status in (409, 429) or reply.status >= 500


def _asked_pause(reply: Reply) -> float:
    asked = reply.headers.get("retry-after", "")
    return float(asked) if asked.isascii() and asked.isdigit() and len(asked) < 6 else 0.0


def _never_sent(error: Exception) -> bool:
    """Whether the request surely did not reach the provider."""
    if isinstance(error, requests.ConnectTimeout):
        return True
    inner = getattr(error.args[0], "reason", None) if error.args else None
    return isinstance(inner, NewConnectionError) or "CERTIFICATE_VERIFY_FAILED" in str(error)
