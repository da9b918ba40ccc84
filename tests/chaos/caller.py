"""Sends one request until it has a final answer, and writes down what was acknowledged."""

import random
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import requests

PATIENCE_S = 15.0
"""Longer than any deadline of the shop: who hears nothing until then was not answered at all."""

AGAIN = frozenset({408, 429, 503, 507})


class Over(Exception):
    """The run ended while a request still waited for its answer."""


@dataclass(frozen=True)
class Answer:
    """A final answer; ``doubt``: an earlier try was not answered and may have had its effect."""

    status: int
    body: Any
    doubt: bool

    @property
    def done(self) -> bool:
        return self.status < 300

    @property
    def code(self) -> str:
        return str(self.body.get("code", "")) if isinstance(self.body, dict) else ""


@dataclass(frozen=True)
class Try:
    """One asking: when it began, the seconds it took, what it met; status 0 is no answer."""

    began: float
    took: float
    path: str
    status: int
    code: str = ""


@dataclass
class Log:
    """What all callers saw; lists only grow, so that threads may share them."""

    answers: Counter[str] = field(default_factory=Counter)
    unanswered: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)
    times: list[Try] = field(default_factory=list)

    @property
    def slowest_s(self) -> float:
        """Seconds."""
        return max((one.took for one in self.times), default=0.0)

    def counts(self) -> str:
        """For people."""
        return f"{dict(sorted(self.answers.items()))}, not answered: {dict(self.unanswered)}"


class Caller:
    """One person's hands: a connection, and patience until the shop answers."""

    def __init__(self, url: str, log: Log, dice: random.Random) -> None:
        self.url, self.log, self._dice = url, log, dice
        self.over = threading.Event()
        self.waits_for: str | None = None
        self.answered_at = 0.0
        self._session = requests.Session()

    def send(
        self, method: str, path: str, body: Any = None, *, token: str = "", key: str = ""
    ) -> Answer:
        """Ask, with the same key, until the answer is final; an answer 500 is noted as wrong."""
        headers = {"Accept": "application/json"}
        headers |= {"Authorization": f"Bearer {token}"} if token else {}
        headers |= {"Idempotency-Key": key} if key else {}
        doubt = False
        while not self.over.is_set():
            found = self._try(method, path, body, headers)
            if found is None or found.status_code in AGAIN:
                doubt = True
            elif not _in_progress(found):
                return self._final(method, path, found, doubt=doubt)
            self.waits_for = key or path
            time.sleep(self._dice.uniform(0.1, 0.4))
        raise Over

    def _try(
        self, method: str, path: str, body: Any, headers: dict[str, str]
    ) -> requests.Response | None:
        began = time.monotonic()
        try:
            found = self._session.request(
                method, self.url + path, json=body, headers=headers, timeout=PATIENCE_S
            )
        except requests.RequestException as error:
            self._note(began, path, 0)
            self.log.unanswered[type(error).__name__] += 1
            self._session.close()
            return None
        refused = found.status_code in AGAIN
        self._note(began, path, found.status_code, str(found.json()["code"]) if refused else "")
        if refused:
            self.log.unanswered[str(found.status_code)] += 1
            self._check_refusal(method, path, found)
        return found

    def _note(self, began: float, path: str, status: int, code: str = "") -> None:
        self.log.times.append(Try(began, time.monotonic() - began, path, status, code))

    def _check_refusal(self, method: str, path: str, found: requests.Response) -> None:
        """Whoever is asked to come again is told when."""
        told = found.json()
        if not told["retryable"] or not found.headers.get("Retry-After", "").isdigit():
            self.log.wrong.append(f"{method} {path}: {found.status_code} {found.text[:300]}")

    def _final(self, method: str, path: str, found: requests.Response, *, doubt: bool) -> Answer:
        self.waits_for = None
        self.answered_at = time.monotonic()
        self.log.answers[str(found.status_code)] += 1
        if found.status_code >= 500:
            self.log.wrong.append(f"{method} {path}: {found.status_code} {found.text[:500]}")
        return Answer(found.status_code, _body(found), doubt)


def _body(found: requests.Response) -> Any:
    try:
        return found.json() if found.content else None
    except requests.JSONDecodeError:
        return found.text


def _in_progress(found: requests.Response) -> bool:
    return found.status_code == 409 and found.json().get("code") == "idempotency-in-progress"
