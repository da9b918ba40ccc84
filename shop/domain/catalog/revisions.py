"""Changes of an approved page that wait for the operator while the page keeps selling.

``ProductRevision.changes`` holds ``words`` (column → value), ``pictures`` (ids), ``certificates``
and ``variants`` (changed columns by SKU; a SKU the product does not have is a new one).
"""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from shop.db import db
from shop.domain.catalog import queries, service
from shop.domain.catalog.models import Certificate, Product, ProductRevision
from shop.domain.catalog.states import REVISION_LIFE, AfterSale, CertificateKind, RevisionStatus
from shop.kernel.actor import Actor

PAPER = ("kind", "number", "holder", "scope", "valid_from", "valid_to", "picture_id")


def paper_json(paper: Certificate | Mapping[str, Any]) -> dict[str, Any]:
    """A certificate as plain JSON, so that two of them can be compared."""
    found = {}
    for name in PAPER:
        value = paper[name] if isinstance(paper, Mapping) else getattr(paper, name)
        found[name] = value.isoformat() if isinstance(value, date) else value
    found["kind"] = str(found["kind"])
    return found


def paper_values(stored: Mapping[str, Any]) -> dict[str, Any]:
    """The columns of a certificate from its JSON."""
    return {
        **stored,
        "kind": CertificateKind(stored["kind"]),
        "valid_from": date.fromisoformat(stored["valid_from"]),
        "valid_to": date.fromisoformat(stored["valid_to"]),
    }


def standing(product: Product) -> dict[str, Any]:
    """What the page says now, in the shape of ``changes``."""
    return {
        "words": {name: _plain(getattr(product, name)) for name in sorted(service.REVIEWED)},
        "pictures": [shown.picture_id for shown in product.pictures],
        "certificates": sorted(
            (paper_json(paper) for paper in service.valid_papers(product)), key=_paper_key
        ),
        "variants": {
            variant.sku: {name: getattr(variant, name) for name in service.VARIANT_REVIEWED}
            for variant in product.variants
        },
    }


def difference(product: Product, wanted: Mapping[str, Any]) -> dict[str, Any]:
    """What of ``wanted`` differs from the page; empty where nothing does."""
    now = standing(product)
    words = {k: v for k, v in wanted.get("words", {}).items() if _plain(v) != now["words"][k]}
    changes: dict[str, Any] = {"words": {k: _plain(v) for k, v in words.items()}}
    if "pictures" in wanted and list(wanted["pictures"]) != now["pictures"]:
        changes["pictures"] = list(wanted["pictures"])
    if "certificates" in wanted:
        papers = sorted((paper_json(p) for p in wanted["certificates"]), key=_paper_key)
        if papers != now["certificates"]:
            changes["certificates"] = papers
    changes["variants"] = {
        sku: values
        for sku, values in wanted.get("variants", {}).items()
        if any(now["variants"].get(sku, {}).get(k, _ABSENT) != v for k, v in values.items())
    }
    return {name: value for name, value in changes.items() if value or name in _LISTS}


def propose(
    product: Product, wanted: Mapping[str, Any], *, actor: Actor, now: datetime
) -> ProductRevision | None:
    """Let a change wait; it takes in what waited before, which is withdrawn.

    Gives ``None`` where the page says all of it already.
    """
    before = queries.waiting_revision(product.id)
    changes = difference(product, merged(before.changes if before else {}, wanted))
    if before is not None:
        if before.changes == changes:
            return before
        decide(before, RevisionStatus.WITHDRAWN, actor=actor, now=now)
        db.session.flush()
    if not changes:
        return None
    made = ProductRevision(
        product_id=product.id,
        changes=changes,
        status=RevisionStatus.WAITING,
        submitted_by=actor.user_id,
        submitted_at=now,
    )
    db.session.add(made)
    db.session.flush()
    return made


def merged(older: Mapping[str, Any], newer: Mapping[str, Any]) -> dict[str, Any]:
    """One set of changes, the newer word winning."""
    found = {**older, **newer}
    found["words"] = {**older.get("words", {}), **newer.get("words", {})}
    variants = {sku: dict(values) for sku, values in older.get("variants", {}).items()}
    for sku, values in newer.get("variants", {}).items():
        variants[sku] = {**variants.get(sku, {}), **values}
    found["variants"] = variants
    return found


def decide(
    revision: ProductRevision,
    status: RevisionStatus,
    *,
    actor: Actor,
    now: datetime,
    reason: str | None = None,
) -> None:
    """End the waiting; raises ``IllegalMove`` where it ended before."""
    revision.status = REVISION_LIFE.check(revision.status, status)
    revision.decided_by, revision.decided_at, revision.reason = actor.user_id, now, reason


def apply(
    product: Product, changes: Mapping[str, Any], *, actor_id: int | None, now: datetime
) -> None:
    """Make the page say what was approved."""
    words = dict(changes.get("words", {}))
    if "after_sale" in words:
        words["after_sale"] = AfterSale(words["after_sale"])
    service.set_words(product, words)
    if "pictures" in changes:
        service.set_pictures(product, changes["pictures"])
    if "certificates" in changes:
        papers = [paper_values(stored) for stored in changes["certificates"]]
        service.set_certificates(product, papers, now)
    known = {variant.sku: variant for variant in product.variants}
    for sku, values in changes.get("variants", {}).items():
        if sku in known:
            for name in service.VARIANT_REVIEWED & values.keys():
                setattr(known[sku], name, values[name])
        else:
            made = service.add_variant(product, {"sku": sku, **values}, pointer="/variants")
            service.open_prices(made, actor_id=actor_id, now=now)
    db.session.flush()
    db.session.expire(product, ["category"])


_ABSENT = object()
_LISTS = frozenset({"pictures", "certificates"})


def _plain(value: Any) -> Any:
    return str(value) if isinstance(value, AfterSale) else value


def _paper_key(paper: Mapping[str, Any]) -> tuple[str, str]:
    return (paper["kind"], paper["number"])
