"""Words for values on pages, and what every template knows."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from flask import Flask, g, has_request_context, session

from shop.config import Settings
from shop.domain.accounts import phones
from shop.domain.accounts.queries import Person
from shop.domain.orders import queries as orders
from shop.kernel.clock import SHANGHAI
from shop.kernel.money import yuan
from shop.web import who
from shop.web.idempotency import one_time_key
from shop.web.security import link
from shop.web.words import _


@dataclass(frozen=True, kw_only=True)
class Site:
    """What a page's foot must say, from the settings."""

    operator_name: str
    operator_licence: str
    icp_number: str
    complaint_phone: str
    seller_of_record: str
    base_url: str
    demo: bool


def install(app: Flask, settings: Settings) -> None:
    """Hang filters and context on the templates."""
    app.jinja_env.filters.update(
        fen=fen,
        yuan=plain_yuan,
        localtime=localtime,
        localdate=localdate,
        grams=grams,
        bp=percent,
        mask_phone=mask_phone,
        phone=national_phone,
        tel=tel,
        shares=shares,
    )
    site = Site(
        operator_name=settings.operator_name,
        operator_licence=settings.operator_licence,
        icp_number=settings.icp_number,
        complaint_phone=settings.complaint_phone,
        seller_of_record=settings.seller_of_record,
        base_url=settings.base_url,
        demo=not settings.production,
    )
    app.jinja_env.globals.update(one_time_key=one_time_key, link=link, site=site)

    @app.context_processor
    def known() -> dict[str, object]:
        reader = who.person() if has_request_context() else None
        return {"me": Caller(reader), "cart_count": _in_cart(reader)}


def _in_cart(reader: Person | None) -> int:
    if not has_request_context() or who.on_api() or g.get("ailing"):
        return 0
    return len(orders.cart(reader.user_id)) if reader else len(session.get("cart") or ())


class Caller:
    """The reader as a template sees them; a stranger has no id, no name and no roles."""

    def __init__(self, person: Person | None) -> None:
        self.user_id = person.user_id if person else None
        self.name = person.name if person else ""
        self.phone = person.phone if person else None
        self.roles: frozenset[str] = person.actor.roles if person else frozenset()
        self.signed_in = person is not None

    def is_any(self, *roles: str) -> bool:
        """Whether one of ``roles`` is held somewhere."""
        return not self.roles.isdisjoint(roles)

    def __bool__(self) -> bool:
        return self.signed_in


def fen(amount: int | None) -> str:
    """``¥36.80``."""
    return "" if amount is None else yuan(amount)


def plain_yuan(amount: int | None) -> str:
    """``36.80``: the value of a form's field."""
    return "" if amount is None else yuan(amount).replace("¥", "").replace(",", "")


def localtime(at: datetime | None) -> str:
    """``2026-02-01 16:00`` in Asia/Shanghai."""
    return "" if at is None else f"{at.astimezone(SHANGHAI):%Y-%m-%d %H:%M}"


def localdate(at: datetime | date | None) -> str:
    """``2026-02-01`` in Asia/Shanghai."""
    if isinstance(at, datetime):
        at = at.astimezone(SHANGHAI).date()
    return "" if at is None else at.isoformat()


def grams(weight: int | None) -> str:
    """``500 g`` or ``2.5 kg``."""
    if weight is None:
        return ""
    if weight < 1000:
        return f"{weight} g"
    return f"{weight // 1000}.{weight % 1000:03d}".rstrip("0").rstrip(".") + " kg"


def percent(share_bp: int | None) -> str:
    """``12.5%`` from basis points."""
    if share_bp is None:
        return ""
    return f"{share_bp // 100}.{share_bp % 100:02d}".rstrip("0").rstrip(".") + "%"


def mask_phone(phone: str | None) -> str:
    """``138****0001``."""
    return phones.masked(phone) if phone else ""


def national_phone(phone: str | None) -> str:
    """``13800000001``."""
    return phones.national(phone) if phone else ""


def tel(shown: str) -> str:
    """``0353-0000000`` of a number that is shown with words beside it."""
    return "".join(sign for sign in shown if sign in "+-0123456789")


def shares(parts: Iterable[tuple[Any, int]] | dict[Any, int]) -> str:
    """``农户 ¥20.00 · 合作社 ¥10.00``: where the money goes, in words."""
    pairs = parts.items() if isinstance(parts, dict) else parts
    return " · ".join(f"{_party(kind)} {yuan(amount)}" for kind, amount in pairs if amount)


def _party(kind: Any) -> str:
    names = {
        "platform": _("platform"),
        "village": _("village collective"),
        "farmer": _("farmers"),
        "cooperative": _("cooperative"),
        "host": _("host"),
        "freight": _("freight"),
    }
    return names.get(str(kind), str(kind))
