"""The SMS door: a provider's template with its variables goes out, nothing comes in."""

import time
from collections.abc import Callable, Mapping
from typing import Protocol

import requests

from shop.kernel.circuit import Circuit
from shop.kernel.errors import Unavailable

CONNECT_S, READ_S, BUDGET_S = 2.0, 8.0, 9.0
MAX_REPLY = 64 * 1024


class Messenger(Protocol):
    """Carries one message; sending the same ``key`` again must not annoy the receiver twice."""

    keeps_copy: bool
    """Whether the stored variables are the message itself (outbox page) and must stay."""

    def send(self, *, phone: str, template: str, variables: Mapping[str, str], key: str) -> None:
        """Hand over a message for a number (E.164); raises ``Unavailable``."""
        ...


class OutboxPage:
    """Outside production the stored message is read on a local page, and nothing leaves."""

    keeps_copy = True

    def send(self, *, phone: str, template: str, variables: Mapping[str, str], key: str) -> None:
        """There is nobody to hand it to."""


class HttpMessenger:
    """Posts JSON to ``SHOP_SMS_URL`` with ``SHOP_SMS_TOKEN`` as bearer.

    The body is ``{"phone", "template", "variables", "key"}``; any 2xx means taken. A relay of the
    operator's own in front of a provider gives each template its number there.
    """

    keeps_copy = False

    def __init__(
        self,
        *,
        url: str,
        token: str,
        circuit: Circuit | None = None,
        budget_s: float = BUDGET_S,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._url = url
        self._token = token
        self._circuit = circuit or Circuit("the SMS provider")
        self._budget_s = budget_s
        self._clock = clock

    def send(self, *, phone: str, template: str, variables: Mapping[str, str], key: str) -> None:
        body = {"phone": phone, "template": template, "variables": dict(variables), "key": key}
        with self._circuit.guard():
            try:
                status = self._post(body, key=key)
            except (OSError, requests.RequestException) as error:
                raise Unavailable(f"the SMS provider: {type(error).__name__}") from error
            if not 200 <= status < 300:
                raise Unavailable(f"the SMS provider answered {status}")

    def _post(self, body: Mapping[str, object], *, key: str) -> int:
        until = self._clock() + self._budget_s
        with requests.post(
            self._url,
            json=body,
            headers={"Authorization": f"Bearer {self._token}", "Idempotency-Key": key},
            timeout=(CONNECT_S, min(READ_S, self._budget_s)),
            allow_redirects=False,
            stream=True,
        ) as answer:
            size = 0
            while piece := answer.raw.read1(8192):
                size += len(piece)
                if size > MAX_REPLY or self._clock() > until:
                    raise Unavailable("the SMS provider answers too slowly or too long")
            return answer.status_code
