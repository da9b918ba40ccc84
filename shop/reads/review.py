"""The operator's review queue: what waits, and what a change would change."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from difflib import SequenceMatcher
from typing import Any, Literal

from sqlalchemy import func, literal, select, union_all

from shop.db import db
from shop.domain.accounts.models import User
from shop.domain.catalog import queries, revisions
from shop.domain.catalog.models import (
    Category,
    Picture,
    Product,
    ProductHistory,
    ProductRevision,
    StrikeEvidence,
)
from shop.domain.catalog.states import ProductStatus, RevisionStatus
from shop.domain.villages.models import Cooperative, Village
from shop.kernel.errors import NotFound

MOST = 200
LONG_TEXT = 4000
ALIKE = 0.7


@dataclass(frozen=True, kw_only=True)
class Waits:
    """One thing to decide on: a new product or a change of an approved page."""

    kind: Literal["new", "change"]
    slug: str
    title: str
    cooperative_name: str
    since: datetime


@dataclass(frozen=True, kw_only=True)
class Piece:
    """Part of a text: kept, taken out (``old``) or put in (``new``)."""

    kind: Literal["same", "old", "new"]
    text: str


@dataclass(frozen=True, kw_only=True)
class Difference:
    """One field before and after; ``pieces`` mark a text, pictures are names."""

    field: str
    sku: str | None = None
    before: str = ""
    after: str = ""
    pieces: tuple[Piece, ...] = ()
    pictures_before: tuple[str, ...] = ()
    pictures_after: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Decision:
    """One step of a product's life, for the log under the page."""

    from_status: str | None
    to_status: str
    actor_role: str
    actor_name: str | None
    reason: str | None
    at: datetime


@dataclass(frozen=True, kw_only=True)
class Change:
    """What waits on an approved page, field by field."""

    submitted_at: datetime
    submitted_by: str | None
    differences: tuple[Difference, ...]


def queue() -> list[Waits]:
    """What waits for the operator, the oldest first."""
    new = (
        select(
            literal("new").label("kind"),
            Product.slug,
            Product.title,
            Cooperative.name,
            Product.updated_at.label("since"),
        )
        .join(Cooperative, Cooperative.id == Product.cooperative_id)
        .where(Product.status == ProductStatus.IN_REVIEW)
    )
    change = (
        select(
            literal("change"),
            Product.slug,
            Product.title,
            Cooperative.name,
            ProductRevision.submitted_at,
        )
        .select_from(ProductRevision)
        .join(Product, Product.id == ProductRevision.product_id)
        .join(Cooperative, Cooperative.id == Product.cooperative_id)
        .where(ProductRevision.status == RevisionStatus.WAITING)
    )
    both = union_all(new, change).subquery()
    rows = db.session.execute(select(both).order_by(both.c.since, both.c.slug).limit(MOST))
    return [
        Waits(kind=kind, slug=slug, title=title, cooperative_name=name, since=since)
        for kind, slug, title, name, since in rows
    ]


def change(slug: str) -> Change | None:
    """The waiting change of a page against what it says now; raises ``NotFound``."""
    product = queries.by_slug(slug)
    if product is None:
        raise NotFound("no such product")
    waiting = queries.waiting_revision(product.id)
    if waiting is None:
        return None
    by = db.session.get(User, waiting.submitted_by) if waiting.submitted_by else None
    return Change(
        submitted_at=waiting.submitted_at,
        submitted_by=by.name if by else None,
        differences=tuple(differences(product, waiting.changes)),
    )


def differences(product: Product, changes: Mapping[str, Any]) -> list[Difference]:
    """Field by field, what the page says and what it would say."""
    now = revisions.standing(product)
    found = [
        _text(name, _word(name, now["words"][name]), _word(name, value))
        for name, value in sorted(changes.get("words", {}).items())
    ]
    if "pictures" in changes:
        found.append(_pictures(now["pictures"], changes["pictures"]))
    if "certificates" in changes:
        before = "\n".join(_paper(paper) for paper in now["certificates"])
        after = "\n".join(_paper(paper) for paper in changes["certificates"])
        found.append(_text("certificates", before, after))
    for sku, values in sorted(changes.get("variants", {}).items()):
        standing = now["variants"].get(sku, {})
        found += [
            _text(name, str(standing.get(name, "")), str(value), sku=sku)
            for name, value in sorted(values.items())
            if standing.get(name) != value
        ]
    return found


def decisions(product_id: int) -> list[Decision]:
    """Every step of a product, the newest first."""
    rows = db.session.execute(
        select(ProductHistory, User.name)
        .outerjoin(User, User.id == ProductHistory.actor_id)
        .where(ProductHistory.product_id == product_id)
        .order_by(ProductHistory.id.desc())
    )
    return [
        Decision(
            from_status=row.from_status,
            to_status=row.to_status,
            actor_role=row.actor_role,
            actor_name=name,
            reason=row.reason,
            at=row.at,
        )
        for row, name in rows
    ]


def evidence(skus: Sequence[str]) -> dict[str, StrikeEvidence]:
    """Why each struck-through price was allowed last."""
    newest = (
        select(func.max(StrikeEvidence.id))
        .where(StrikeEvidence.sku.in_(skus))
        .group_by(StrikeEvidence.sku)
    )
    rows = db.session.scalars(select(StrikeEvidence).where(StrikeEvidence.id.in_(newest)))
    return {row.sku: row for row in rows}


def _word(name: str, value: Any) -> str:
    if name == "category_id":
        found = db.session.get(Category, value)
        return found.name if found else ""
    if name == "village_id":
        place = db.session.get(Village, value)
        return place.name if place else ""
    return str(value)


def _text(field: str, before: str, after: str, *, sku: str | None = None) -> Difference:
    return Difference(
        field=field, sku=sku, before=before, after=after, pieces=tuple(pieces(before, after))
    )


def pieces(before: str, after: str) -> list[Piece]:
    """Mark what was taken out and put in; long or unlike texts stand whole, old then new."""
    matcher = SequenceMatcher(None, before, after, autojunk=False)
    if len(before) + len(after) > LONG_TEXT or matcher.ratio() < ALIKE:
        whole = (Piece(kind="old", text=before), Piece(kind="new", text=after))
        return [piece for piece in whole if piece.text]
    found: list[Piece] = []
    for tag, a, b, c, d in matcher.get_opcodes():
        if tag == "equal":
            found.append(Piece(kind="same", text=before[a:b]))
            continue
        if a < b:
            found.append(Piece(kind="old", text=before[a:b]))
        if c < d:
            found.append(Piece(kind="new", text=after[c:d]))
    return found


def _pictures(before: Sequence[int], after: Sequence[int]) -> Difference:
    rows = db.session.execute(
        select(Picture.id, Picture.name).where(Picture.id.in_([*before, *after]))
    )
    names = {row[0]: row[1] for row in rows}
    return Difference(
        field="pictures",
        pictures_before=tuple(names[i] for i in before if i in names),
        pictures_after=tuple(names[i] for i in after if i in names),
    )


def _paper(paper: Mapping[str, Any]) -> str:
    term = f"{paper['valid_from']} – {paper['valid_to']}"
    parts = (paper["kind"], paper["number"], paper["holder"], paper["scope"], term)
    return " · ".join(part for part in parts if part)
