"""In a rush for what is scarce, all processes together let in little more than there is.

Tokens in Redis, a tenth above what the tables say is left, live for a second: they may refuse
early and never sell, and units that come back are let through with the next second's tokens. One
buyer has one request a second on such goods. Without Redis everybody goes on to the tables, which
are exact by themselves.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, cast

import redis

from shop.domain.inventory.errors import OutOfStock
from shop.kernel.circuit import Circuit
from shop.kernel.clock import rfc3339
from shop.kernel.errors import DomainError, Unavailable
from shop.reads.pricing import Wish
from shop.reads.shortage import Shortage
from shop.web.limits import RateLimited
from shop.web.logs import log
from shop.web.rush import MOST_KEYS, Rush
from shop.web.together import Together

FRESH_S = 1.0
PLENTY = 2000
"""Units left at which nobody needs to be turned away: Redis is not even asked."""

ALLOWANCE = 8
DEADLINE_S = 0.2
PASSED, UNKNOWN, GONE, TOO_SOON = 1, 0, -1, -2

LET_IN = """
local turn = redis.call('GET', KEYS[2])
if ARGV[3] == '1' and turn and turn ~= ARGV[2] then return {-2, 0, ''} end
local left = tonumber(redis.call('HGET', KEYS[1], 'left'))
if not left then return {0, 0, ''} end
if left < tonumber(ARGV[1]) then
  local known = redis.call('HMGET', KEYS[1], 'really', 'expiry')
  return {-1, math.min(tonumber(known[1]), left), known[2]}
end
redis.call('HINCRBY', KEYS[1], 'left', -ARGV[1])
redis.call('SET', KEYS[2], ARGV[2], 'PX', 1000)
return {1, 0, ''}
"""
FILL = """
if redis.call('EXISTS', KEYS[1]) == 1 then return 0 end
redis.call('HSET', KEYS[1], 'left', ARGV[1], 'really', ARGV[2], 'expiry', ARGV[3])
redis.call('PEXPIRE', KEYS[1], 1000)
return 1
"""

Goods = tuple[str, int | None]
Look = Callable[[str, int | None], Shortage]


@dataclass(frozen=True)
class _Asked:
    """One buyer before the turnstile; ``key`` tells a repetition from a second request."""

    goods: Goods
    units: int
    buyer_id: int
    key: str


@dataclass(frozen=True)
class _Said:
    verdict: int
    left: int = 0
    expiry: str | None = None


class Turnstile:
    """One process's side of it; ``look`` reads what is left from the tables."""

    def __init__(self, redis_url: str | None, *, look: Look, one_a_second: bool) -> None:
        self._store = (
            redis.Redis.from_url(
                redis_url,
                socket_timeout=DEADLINE_S,
                socket_connect_timeout=DEADLINE_S,
                retry=None,
            )
            if redis_url
            else None
        )
        self._look, self._one_a_second = look, one_a_second
        self._circuit = Circuit("turnstile", failures=1, rest_s=5)
        self._rush = Rush()
        self._plenty: dict[Goods, float] = {}
        self._queue: Together[_Asked, _Said] = Together(self._ask)

    def refusal(self, wishes: Sequence[Wish], *, buyer_id: int, key: str) -> DomainError | None:
        """Why this buyer need not go on to the tables, or ``None``: ask them."""
        if self._store is None:
            return None
        for wish in wishes:
            goods = (wish.sku, wish.live_item_id)
            if not self._rush.asked(goods) or self._has_plenty(goods):
                continue
            said = self._queue.submit(_Asked(goods, wish.quantity, buyer_id, key))
            if said.verdict == TOO_SOON:
                return RateLimited("wait a little and try again", retry_after=1)
            if said.verdict == GONE:
                return OutOfStock(
                    "not enough left",
                    sku=wish.sku,
                    wanted=wish.quantity,
                    available=max(said.left, 0),
                    hold_expires_at=said.expiry or None,
                )
        return None

    def _has_plenty(self, goods: Goods) -> bool:
        return time.monotonic() - self._plenty.get(goods, -FRESH_S) < FRESH_S

    def _ask(self, asked: Sequence[_Asked]) -> list[_Said]:
        """All who came together in one round trip; who must not wait for Redis goes on."""
        try:
            with self._circuit.guard():
                said = self._let_in(asked)
                if unknown := {
                    one.goods
                    for one, answer in zip(asked, said, strict=True)
                    if answer.verdict == UNKNOWN
                }:
                    self._fill(unknown)
                return said
        except Unavailable:
            pass
        except redis.RedisError:
            log.warning("the turnstile is open: redis does not answer")
        return [_Said(UNKNOWN)] * len(asked)

    def _let_in(self, asked: Sequence[_Asked]) -> list[_Said]:
        line = self._lines()
        for one in asked:
            line.eval(
                LET_IN, 2, _tokens(one.goods), f"shop:turn:{_name(one.goods)}:{one.buyer_id}",
                one.units, one.key, int(self._one_a_second),
            )  # fmt: skip
        return [
            _Said(verdict, left, expiry.decode())
            for verdict, left, expiry in cast("list[tuple[int, int, bytes]]", line.execute())
        ]

    def _fill(self, unknown: set[Goods]) -> None:
        line = self._lines()
        for goods in sorted(unknown, key=repr):
            short = self._look(*goods)
            if short.left > PLENTY:
                self._note_plenty(goods)
                continue
            expiry = rfc3339(short.expiry) if short.expiry else ""
            allowed = short.left + short.left // 10 + (ALLOWANCE if short.left else 0)
            line.eval(FILL, 1, _tokens(goods), allowed, short.left, expiry)
        line.execute()

    def _note_plenty(self, goods: Goods) -> None:
        if len(self._plenty) >= MOST_KEYS:
            self._plenty.clear()
        self._plenty[goods] = time.monotonic()

    def _lines(self) -> Any:
        return cast("redis.Redis", self._store).pipeline(transaction=False)


def _name(goods: Goods) -> str:
    return f"{goods[0]}:{goods[1] or ''}"


def _tokens(goods: Goods) -> str:
    return f"shop:tokens:{_name(goods)}"
