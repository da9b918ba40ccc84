"""What the shop holds about one person, and what still binds that person to it."""

from datetime import datetime
from typing import Any

from sqlalchemy import exists, select

from shop.db import db
from shop.domain.accounts.models import Address, AgreementAcceptance, RoleGrant, User
from shop.domain.accounts.phones import national
from shop.domain.aftersales.models import Claim
from shop.domain.aftersales.states import ClaimStatus
from shop.domain.live.models import LiveComment, LiveSession
from shop.domain.live.states import SessionStatus
from shop.domain.logistics import regions
from shop.domain.notices.models import Message
from shop.domain.orders.forgetting import has_open_orders
from shop.domain.orders.models import Order
from shop.domain.orders.queries import cart
from shop.domain.payments.models import Refund
from shop.domain.payments.states import RefundStatus
from shop.kernel.clock import rfc3339
from shop.reads.personal_orders import orders_of

ON_AIR = (SessionStatus.SCHEDULED, SessionStatus.LIVE, SessionStatus.PAUSED)
OWED = (RefundStatus.DUE, RefundStatus.PENDING, RefundStatus.FAILED)


def bonds(user_id: int) -> list[str]:
    """Why an account cannot be erased now: ``orders``, ``claims``, ``refunds``, ``sessions``."""
    claims = exists().where(Claim.buyer_id == user_id, Claim.status == ClaimStatus.OPEN)
    refunds = exists().where(
        Refund.order_id == Order.id, Order.buyer_id == user_id, Refund.status.in_(OWED)
    )
    sessions = exists().where(LiveSession.host_id == user_id, LiveSession.status.in_(ON_AIR))
    found = db.session.execute(
        select(claims.label("claims"), refunds.label("refunds"), sessions.label("sessions"))
    ).one()
    held = {"orders": has_open_orders(user_id), **found._mapping}
    return [name for name, holds in held.items() if holds]


def personal_data(user_id: int, *, now: datetime) -> dict[str, Any]:
    """Everything about a person as plain JSON values (Personal Information Protection Law 45)."""
    user = db.session.get_one(User, user_id)
    return {
        "exported_at": rfc3339(now),
        "account": {
            "id": user.id,
            "phone": national(user.phone) if user.phone else None,
            "name": user.name,
            "phone_proven_at": _time(user.phone_proven_at),
            "created_at": rfc3339(user.created_at),
        },
        "roles": [_role(row) for row in _of(RoleGrant, RoleGrant.user_id == user_id)],
        "agreements": [
            {"kind": row.kind, "version": row.version, "accepted_at": rfc3339(row.accepted_at)}
            for row in _of(AgreementAcceptance, AgreementAcceptance.user_id == user_id)
        ],
        "addresses": [_address(row) for row in _of(Address, Address.user_id == user_id)],
        "cart": [
            {"sku": row.sku, "quantity": row.quantity, "added_at": rfc3339(row.added_at)}
            for row in cart(user_id)
        ],
        "orders": orders_of(user_id),
        "claims": [_claim(row) for row in _of(Claim, Claim.buyer_id == user_id)],
        "comments": [
            {"session_id": row.session_id, "text": row.text, "at": rfc3339(row.at)}
            for row in _of(LiveComment, LiveComment.user_id == user_id)
        ],
        "messages": [
            {"template": row.template, "at": rfc3339(row.created_at)}
            for row in _of(Message, Message.phone == user.phone)
        ],
    }


def _of(table: Any, mine: Any) -> list[Any]:
    return list(db.session.scalars(select(table).where(mine).order_by(table.id)))


def _time(at: datetime | None) -> str | None:
    return rfc3339(at) if at else None


def _role(row: RoleGrant) -> dict[str, Any]:
    return {
        "role": str(row.role),
        "cooperative_id": row.cooperative_id,
        "village_id": row.village_id,
        "granted_at": rfc3339(row.granted_at),
        "revoked_at": _time(row.revoked_at),
    }


def _address(row: Address) -> dict[str, Any]:
    return {
        "name": row.name,
        "phone": national(row.phone),
        "region_code": row.region_code,
        "region": regions.full_name(row.region_code),
        "street": row.street,
        "is_default": row.is_default,
    }


def _claim(row: Claim) -> dict[str, Any]:
    return {
        "id": row.id,
        "status": str(row.status),
        "reason": str(row.reason),
        "note": row.note,
        "answer": row.answer,
        "created_at": rfc3339(row.created_at),
    }
