"""Which bus and which presence a shop has: its own, or the ones that its processes share."""

from shop.domain.live.bus import Bus, EventsAfter, LocalBus, Positions
from shop.domain.live.presence import MemoryPresence, Presence, RedisPresence
from shop.domain.live.redis_bus import RedisBus


def open_bus(
    *,
    redis_url: str | None,
    positions: Positions,
    events_after: EventsAfter,
    most: int,
) -> Bus:
    """The bus; ``most`` is how many viewers this process lets listen at once."""
    local = LocalBus(positions=positions, events_after=events_after, most=most)
    return RedisBus(redis_url, local) if redis_url else local


def open_presence(redis_url: str | None) -> Presence:
    """Who is watching, counted in Redis where several processes serve one room."""
    return RedisPresence(redis_url) if redis_url else MemoryPresence()
