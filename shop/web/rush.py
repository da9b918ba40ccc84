"""Whether a thing is asked for so often that a second-old answer must do.

A quiet shop always answers from the tables: what memory saves matters only in a rush, and whoever
changes a thing and looks at it again must see the change.
"""

import time
from collections import Counter
from collections.abc import Callable, Hashable

RUSH = 16
"""Askings in this second and the one before that are no rush yet."""

MOST_KEYS = 4096


class Rush:
    """Counts askings by second; thread-safe as far as it must be: a lost count does no harm."""

    def __init__(self, *, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._second = 0
        self._now: Counter[Hashable] = Counter()
        self._before: Counter[Hashable] = Counter()

    def asked(self, key: Hashable) -> bool:
        """Count one; whether this second and the one before are a rush."""
        second = int(self._monotonic())
        if second != self._second:
            fresh = second == self._second + 1
            self._before = self._now if fresh else Counter()
            self._now, self._second = Counter(), second
        if len(self._now) < MOST_KEYS or key in self._now:
            self._now[key] += 1
        return self._now[key] + self._before[key] > RUSH
