"""A circuit breaker: after a few failures in a row, calls fail at once until a probe succeeds."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from shop.kernel.errors import Unavailable


class CircuitOpen(Unavailable):
    """The dependency failed a moment ago; ``retry_after`` says in how many seconds to ask again."""


class Circuit:
    """Closed until ``failures`` calls in a row fail, then open for ``rest_s`` seconds.

    After the rest one call goes through as a probe, the others still fail fast; its success closes
    the circuit, its failure begins another rest. ``clock`` counts monotonic seconds, so that a step
    of the wall clock neither opens nor closes anything.
    """

    def __init__(
        self,
        name: str,
        *,
        failures: int = 5,
        rest_s: float = 10.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.name = name
        self._limit = failures
        self._rest_s = rest_s
        self._clock = clock
        self._lock = threading.Lock()
        self._failed = 0
        self._opened_at: float | None = None
        self._probing = False

    @property
    def is_open(self) -> bool:
        """Whether a call would be refused now."""
        with self._lock:
            return self._wait_s() > 0

    @contextmanager
    def guard(self) -> Iterator[None]:
        """Let one call through and learn from it; anything it raises counts as a failure.

        That includes the deadline of a request (no ``Exception``), which is how a slow dependency
        shows itself.
        """
        self._enter()
        try:
            yield
        except BaseException:
            self._learn(failed=True)
            raise
        self._learn(failed=False)

    def _enter(self) -> None:
        with self._lock:
            if (wait_s := self._wait_s()) > 0:
                raise CircuitOpen(
                    f"{self.name} failed {self._failed} times in a row",
                    retry_after=int(wait_s) + 1,
                )
            self._probing = self._opened_at is not None

    def _wait_s(self) -> float:
        if self._opened_at is None:
            return 0.0
        if self._probing:
            return 1.0
        return max(0.0, self._opened_at + self._rest_s - self._clock())

    def _learn(self, *, failed: bool) -> None:
        with self._lock:
            self._probing = False
            if not failed:
                self._failed, self._opened_at = 0, None
                return
            self._failed += 1
            if self._failed >= self._limit:
                self._opened_at = self._clock()
