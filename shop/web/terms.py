"""The settings that orders and payments are made under, in the flows' own words."""

from datetime import timedelta

from shop.config import Settings
from shop.flows.drafting import Terms
from shop.flows.paying import HoldTerms


def order_terms(settings: Settings) -> Terms:
    """How long an unpaid order holds its goods, and who sells."""
    return Terms(
        hold=timedelta(minutes=settings.hold_minutes),
        live_hold=timedelta(minutes=settings.live_hold_minutes),
        seller_of_record=settings.seller_of_record,
    )


def hold_terms(settings: Settings) -> HoldTerms:
    """How long starting a payment may extend a hold."""
    return HoldTerms(
        extension=timedelta(minutes=settings.hold_minutes),
        cap=timedelta(minutes=settings.hold_cap_minutes),
    )
