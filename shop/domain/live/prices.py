"""The one price of a thing in a room."""


def in_room(live_fen: int | None, *, shop_fen: int) -> int:
    """What one unit costs in a room: its live price, never above the shop's of this moment.

    A page or card that is dearer than another would be untrue (pricing rules art. 20).
    """
    return shop_fen if live_fen is None else min(live_fen, shop_fen)
