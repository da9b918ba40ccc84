"""Tables of freight and parcels. Words of a parcel's life are in ``states.py``."""

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from shop.columns import Word, one_of
from shop.db import APPEND_ONLY, Base, some_of
from shop.domain.logistics.states import ShipmentStatus

UNDONE = "undo"
"""Source of the event that ends a hand-over which was undone."""
FREED = "~"
"""Stands behind the number of an undone hand-over, which is free for the next one."""


class FreightRule(Base):
    """A cooperative's freight, by weight and region; a new version replaces, none is edited."""

    __tablename__ = "freight_rule"
    __table_args__ = (
        UniqueConstraint("cooperative_id", "version"),
        CheckConstraint("first_grams > 0 AND next_grams > 0", name="grams"),
        APPEND_ONLY,
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    cooperative_id: Mapped[int] = mapped_column(ForeignKey("cooperative.id"))
    version: Mapped[int]
    first_grams: Mapped[int]
    next_grams: Mapped[int]
    free_from_fen: Mapped[int | None]
    created_by: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    created_at: Mapped[datetime]

    zones: Mapped[list["FreightZone"]] = relationship(lazy="selectin")


class FreightZone(Base):
    """The price for regions that share a code prefix; the longest prefix wins, '' is the rest."""

    __tablename__ = "freight_zone"
    __table_args__ = (
        UniqueConstraint("rule_id", "prefix"),
        CheckConstraint("first_fen >= 0 AND next_fen >= 0", name="not_negative"),
        APPEND_ONLY,
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    rule_id: Mapped[int] = mapped_column(ForeignKey("freight_rule.id"))
    prefix: Mapped[str] = mapped_column(String(6))
    first_fen: Mapped[int] = mapped_column(default=0)
    next_fen: Mapped[int] = mapped_column(default=0)
    delivers: Mapped[bool] = mapped_column(default=True)


class Shipment(Base):
    """One parcel of one cooperative; ``status_at`` is when the carrier says it became so."""

    __tablename__ = "shipment"
    __table_args__ = (
        one_of("status", ShipmentStatus),
        UniqueConstraint("carrier", "waybill_no"),
        some_of("ix_shipment_under_way", "status_at", "id", where="delivered_at IS NULL"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    order_id: Mapped[int] = mapped_column(ForeignKey("orders.id"), index=True)
    cooperative_id: Mapped[int] = mapped_column(ForeignKey("cooperative.id"), index=True)
    carrier: Mapped[str] = mapped_column(String(32))
    waybill_no: Mapped[str] = mapped_column(String(40))
    status: Mapped[ShipmentStatus] = mapped_column(Word(ShipmentStatus))
    status_at: Mapped[datetime]
    delivered_at: Mapped[datetime | None]
    handed_over_by: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    created_at: Mapped[datetime]

    lines: Mapped[list["ShipmentLine"]] = relationship(lazy="selectin")
    events: Mapped[list["ShipmentEvent"]] = relationship(
        order_by="ShipmentEvent.occurred_at, ShipmentEvent.id", lazy="selectin"
    )

    @property
    def label(self) -> str:
        """The number as it is printed."""
        return self.waybill_no.partition(FREED)[0]

    @property
    def undone(self) -> bool:
        """Whether this was no hand-over after all."""
        return any(event.source == UNDONE for event in self.events)


class ShipmentLine(Base):
    """Units of an order line in a parcel."""

    __tablename__ = "shipment_line"
    __table_args__ = (CheckConstraint("quantity > 0", name="quantity"), APPEND_ONLY)

    id: Mapped[int] = mapped_column(primary_key=True)
    shipment_id: Mapped[int] = mapped_column(ForeignKey("shipment.id"), index=True)
    order_line_id: Mapped[int] = mapped_column(ForeignKey("order_line.id"), index=True)
    sku: Mapped[str] = mapped_column(String(40))
    quantity: Mapped[int]


class ShipmentEvent(Base):
    """What a carrier or a hand reported; ``code`` is the raw state, kept as it came."""

    __tablename__ = "shipment_event"
    __table_args__ = (UniqueConstraint("shipment_id", "fingerprint"), APPEND_ONLY)

    id: Mapped[int] = mapped_column(primary_key=True)
    shipment_id: Mapped[int] = mapped_column(ForeignKey("shipment.id"))
    status: Mapped[ShipmentStatus | None] = mapped_column(Word(ShipmentStatus))
    code: Mapped[str | None] = mapped_column(String(16))
    text: Mapped[str] = mapped_column(String(300))
    source: Mapped[str] = mapped_column(String(16))
    fingerprint: Mapped[str] = mapped_column(String(64))
    occurred_at: Mapped[datetime]
    received_at: Mapped[datetime]
