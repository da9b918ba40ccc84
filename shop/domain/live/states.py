"""The life of a live session (DOMAIN section 2)."""

from enum import StrEnum

from shop.kernel.lifecycle import Lifecycle


class SessionStatus(StrEnum):
    DRAFT = "draft"
    SUBMITTED = "submitted"
    REJECTED = "rejected"
    SCHEDULED = "scheduled"
    LIVE = "live"
    PAUSED = "paused"
    ENDED = "ended"
    BANNED = "banned"
    ARCHIVED = "archived"


SESSION_LIFE = Lifecycle(
    "live session",
    {
        SessionStatus.DRAFT: frozenset({SessionStatus.SUBMITTED, SessionStatus.BANNED}),
        SessionStatus.SUBMITTED: frozenset(
            {SessionStatus.SCHEDULED, SessionStatus.REJECTED, SessionStatus.BANNED}
        ),
        SessionStatus.REJECTED: frozenset({SessionStatus.DRAFT, SessionStatus.BANNED}),
        SessionStatus.SCHEDULED: frozenset({SessionStatus.LIVE, SessionStatus.BANNED}),
        SessionStatus.LIVE: frozenset(
            {SessionStatus.PAUSED, SessionStatus.ENDED, SessionStatus.BANNED}
        ),
        SessionStatus.PAUSED: frozenset(
            {SessionStatus.LIVE, SessionStatus.ENDED, SessionStatus.BANNED}
        ),
        SessionStatus.ENDED: frozenset({SessionStatus.ARCHIVED, SessionStatus.BANNED}),
        SessionStatus.BANNED: frozenset(),
        SessionStatus.ARCHIVED: frozenset({SessionStatus.BANNED}),
    },
)

ON_AIR = frozenset({SessionStatus.LIVE, SessionStatus.PAUSED})
UNANNOUNCED = frozenset({SessionStatus.DRAFT, SessionStatus.SUBMITTED, SessionStatus.REJECTED})
PUBLIC = frozenset(
    {
        SessionStatus.SCHEDULED,
        SessionStatus.LIVE,
        SessionStatus.PAUSED,
        SessionStatus.ENDED,
        SessionStatus.ARCHIVED,
    }
)
"""What strangers find; a show that was stopped too, if it had been one of these."""


class ItemStatus(StrEnum):
    ON = "on"
    OFF = "off"


class EventType(StrEnum):
    ROOM_STATUS = "room.status"
    PIN_SET = "pin.set"
    PIN_CLEAR = "pin.clear"
    ITEM_UPDATE = "item.update"
    STOCK_STATE = "stock.state"
    ORDER_TICK = "order.tick"
    COMMENT_NEW = "comment.new"
    COMMENT_HIDE = "comment.hide"
    VIEWERS = "viewers"
    NOTICE = "notice"


class StockState(StrEnum):
    PLENTY = "plenty"
    LOW = "low"
    SOLD_OUT = "sold_out"


LOW_AT = 10


def stock_state(remaining: int) -> StockState:
    """What viewers are told instead of a number."""
    if remaining <= 0:
        return StockState.SOLD_OUT
    return StockState.LOW if remaining <= LOW_AT else StockState.PLENTY


GOODS_CHECKED = "goods-checked"
CHECKLIST = (
    "operator-verified",
    "host-identity",
    "host-trained",
    "content-approved",
    "seller-shown",
    GOODS_CHECKED,
)
"""What another person than the host confirms before each show (Order 117 art. 27, 28, 30)."""
