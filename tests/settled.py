"""What the books say of an order, party by party."""

from collections import defaultdict

from shop.db import db
from shop.domain.orders.models import Order
from shop.domain.settlement import queries as books
from shop.domain.settlement.states import PartyKind

Party = tuple[PartyKind, int | None]


def parties(order: Order) -> dict[Party, int]:
    """What each party has of an order, in fen; who has nothing is left out."""
    db.session.rollback()
    sums: dict[Party, int] = defaultdict(int)
    for entry in books.entries(order.id):
        sums[(entry.party_kind, entry.party_id)] -= entry.amount_fen
    db.session.rollback()
    return {party: fen for party, fen in sums.items() if fen}
