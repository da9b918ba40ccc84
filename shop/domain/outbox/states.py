"""Words of what leaves and what comes in."""

from enum import StrEnum


class OutboxStatus(StrEnum):
    WAITING = "waiting"
    DONE = "done"
    DEAD = "dead"


class InboxStatus(StrEnum):
    RECEIVED = "received"
    APPLIED = "applied"
    DUPLICATE = "duplicate"
    IGNORED = "ignored"
    PARKED = "parked"
    QUARANTINED = "quarantined"
    DEAD = "dead"
