"""Whether what a provider says fits what the shop knows (FAULTS 32); reads, inside a hearing."""

from collections.abc import Callable, Mapping
from functools import partial

from shop.db import db
from shop.domain.orders.models import Order
from shop.domain.payments import queries as payment_queries
from shop.domain.payments.gateways.base import Outcome, RefundOutcome
from shop.domain.payments.models import Payment, Refund
from shop.kernel.money import CURRENCY

PROOF_NEEDED = frozenset({Outcome.CAPTURED, RefundOutcome.SUCCEEDED})


def payment_mismatch(payment: Payment, order: Order, facts: Mapping[str, object]) -> str | None:
    """Why an event does not fit its payment (FAULTS 32), or ``None``."""
    checks = {
        "another amount": facts["amount_fen"] not in {None, payment.amount_fen},
        "another currency": facts["currency"] not in {None, CURRENCY},
        "another order": facts["order_number"] not in {None, order.number},
        "another payment": _of_another(
            facts["provider_id"],
            own=payment.provider_id,
            owner=partial(payment_queries.by_provider_id, payment.gateway),
        ),
    }
    return _first(checks)


def _of_another(
    named: object, *, own: str | None, owner: Callable[[str], Payment | Refund | None]
) -> bool:
    """Whether a provider's id stands for another row: one id serves one payment, or one refund."""
    if own is not None or not isinstance(named, str):
        return named not in {None, own}
    return owner(named) is not None


def refund_mismatch(refund: Refund, facts: Mapping[str, object], source: str) -> str | None:
    """Why an event does not fit its refund, or ``None``."""
    payment = db.session.get_one(Payment, refund.payment_id)
    checks = {
        "another amount than was owed": facts["amount_fen"] not in {None, refund.amount_fen},
        "another currency": facts["currency"] not in {None, CURRENCY},
        "another order": facts["order_number"]
        not in {None, db.session.get_one(Order, refund.order_id).number},
        "of another payment": payment.gateway != source
        or facts["payment_id"] not in {None, payment.id},
        "another refund": _of_another(
            facts["provider_id"],
            own=refund.provider_id,
            owner=payment_queries.refund_by_provider_id,
        ),
    }
    return _first(checks)


def unproven(facts: Mapping[str, object], *, source: str | None) -> str | None:
    """What a success must say and does not: money moved, but how much, and for which order?

    The sandbox's client signs every field of the contract; Stripe's order number is metadata.
    """
    if facts["outcome"] not in PROOF_NEEDED:
        return None
    checks = {
        "no amount": facts["amount_fen"] is None,
        "no currency": facts["currency"] is None,
        "no order": source == "sandbox" and facts["order_number"] is None,
    }
    return _first(checks)


def _first(checks: Mapping[str, bool]) -> str | None:
    return next((words for words, wrong in checks.items() if wrong), None)
