"""Refunds of an order, or the part of each that the viewer may see."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from shop.domain.orders.models import Order
from shop.domain.payments import freight
from shop.domain.payments.models import Refund, RefundLine


@dataclass(frozen=True, kw_only=True)
class RefundView:
    """Money owed back; the amount is of the lines and the freight that are shown."""

    id: int
    status: str
    amount_fen: int
    freight_fen: int
    reason: str
    created_at: datetime
    lines: tuple[RefundLine, ...]


def shown(
    order: Order, refunds: Sequence[Refund], *, sellers: set[int] | None
) -> tuple[RefundView, ...]:
    """Every refund whole or, for ``sellers``, what of it concerns their lines and freight."""
    if sellers is None:
        return tuple(
            _view(refund, refund.lines, refund.freight_fen, refund.amount_fen) for refund in refunds
        )
    own = {line.id for line in order.lines if line.cooperative_id in sellers}
    charged = {part.cooperative_id: part.freight_fen for part in order.parts}
    freight_of = freight.by_refund(refunds, charged)
    found = []
    for refund in refunds:
        lines = [line for line in refund.lines if line.order_line_id in own]
        fee = sum(fen for seller, fen in freight_of[refund.id].items() if seller in sellers)
        if lines or fee:
            found.append(_view(refund, lines, fee, fee + sum(line.amount_fen for line in lines)))
    return tuple(found)


def _view(
    refund: Refund, lines: Sequence[RefundLine], freight_fen: int, amount_fen: int
) -> RefundView:
    return RefundView(
        id=refund.id,
        status=str(refund.status),
        amount_fen=amount_fen,
        freight_fen=freight_fen,
        reason=refund.reason,
        created_at=refund.created_at,
        lines=tuple(lines),
    )
