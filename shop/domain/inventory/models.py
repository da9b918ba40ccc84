"""Tables from the scale to the shelf; counters are guarded and equal the sum of their moves."""

from datetime import date, datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from shop.columns import Word, one_of
from shop.db import APPEND_ONLY, Base, some_of
from shop.domain.inventory.states import (
    AdjustReason,
    HoldState,
    IntakeTerms,
    MoveKind,
    PackingKind,
)


class Intake(Base):
    """One delivery at the scale; ``left_grams`` is what no packing run has used yet."""

    __tablename__ = "intake"
    __table_args__ = (
        one_of("terms", IntakeTerms),
        CheckConstraint("net_grams = gross_grams - tare_grams AND net_grams > 0", name="net"),
        CheckConstraint("tare_grams >= 0", name="tare"),
        CheckConstraint("left_grams BETWEEN 0 AND net_grams", name="left"),
        CheckConstraint("(terms = 'bought') = (price_fen_per_kg IS NOT NULL)", name="price"),
        some_of("ix_intake_left", "cooperative_id", "id", where="left_grams > 0"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    slip_no: Mapped[str] = mapped_column(String(20), unique=True)
    cooperative_id: Mapped[int] = mapped_column(ForeignKey("cooperative.id"))
    farmer_id: Mapped[int] = mapped_column(ForeignKey("farmer.id"), index=True)
    product_id: Mapped[int] = mapped_column(ForeignKey("product.id"))
    grade: Mapped[str] = mapped_column(String(20))
    gross_grams: Mapped[int]
    tare_grams: Mapped[int]
    net_grams: Mapped[int]
    left_grams: Mapped[int]
    terms: Mapped[IntakeTerms] = mapped_column(Word(IntakeTerms))
    price_fen_per_kg: Mapped[int | None]
    harvested_on: Mapped[date]
    weighed_by: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    weighed_at: Mapped[datetime]


class PackingRun(Base):
    """Intakes or other lots become a lot; input = output + loss, in grams."""

    __tablename__ = "packing_run"
    __table_args__ = (
        one_of("kind", PackingKind),
        CheckConstraint("input_grams = output_grams + loss_grams", name="loss"),
        CheckConstraint("output_grams > 0 AND loss_grams >= 0", name="output"),
        APPEND_ONLY,
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    cooperative_id: Mapped[int] = mapped_column(ForeignKey("cooperative.id"), index=True)
    kind: Mapped[PackingKind] = mapped_column(Word(PackingKind))
    input_grams: Mapped[int]
    output_grams: Mapped[int]
    loss_grams: Mapped[int]
    note: Mapped[str | None] = mapped_column(String(200))
    packed_by: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    packed_at: Mapped[datetime]


class PackingInput(Base):
    """What went into a run: grams of an intake, or units of an earlier lot."""

    __tablename__ = "packing_input"
    __table_args__ = (
        CheckConstraint("(intake_id IS NULL) <> (lot_id IS NULL)", name="one_source"),
        CheckConstraint("grams > 0", name="grams"),
        APPEND_ONLY,
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    run_id: Mapped[int] = mapped_column(ForeignKey("packing_run.id"), index=True)
    intake_id: Mapped[int | None] = mapped_column(ForeignKey("intake.id"))
    lot_id: Mapped[int | None] = mapped_column(ForeignKey("lot.id"))
    grams: Mapped[int]


class Lot(Base):
    """Units of one SKU that share a harvest; the line from product to household runs here."""

    __tablename__ = "lot"
    __table_args__ = (
        CheckConstraint("quantity > 0", name="quantity"),
        CheckConstraint("on_hand >= 0 AND on_hand <= quantity", name="on_hand"),
        Index("ix_lot_sku_best_before", "sku", "best_before", "id"),
        some_of("ix_lot_left", "cooperative_id", "best_before", "id", where="on_hand > 0"),
        some_of("ix_lot_past_best", "best_before", where="on_hand > 0"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(String(10), unique=True)
    label: Mapped[str | None] = mapped_column(String(40))
    sku: Mapped[str] = mapped_column(ForeignKey("variant.sku"))
    cooperative_id: Mapped[int] = mapped_column(ForeignKey("cooperative.id"))
    village_id: Mapped[int] = mapped_column(ForeignKey("village.id"))
    packing_run_id: Mapped[int | None] = mapped_column(ForeignKey("packing_run.id"))
    harvested_on: Mapped[date]
    best_before: Mapped[date | None]
    quantity: Mapped[int]
    on_hand: Mapped[int]
    unit_cost_fen: Mapped[int | None]
    created_by: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    created_at: Mapped[datetime]

    contributions: Mapped[list["LotContribution"]] = relationship(lazy="selectin")


class LotContribution(Base):
    """Who grew how many grams of a lot; without a farmer the cooperative itself did."""

    __tablename__ = "lot_contribution"
    __table_args__ = (CheckConstraint("grams > 0", name="grams"), APPEND_ONLY)

    id: Mapped[int] = mapped_column(primary_key=True)
    lot_id: Mapped[int] = mapped_column(ForeignKey("lot.id"), index=True)
    farmer_id: Mapped[int | None] = mapped_column(ForeignKey("farmer.id"), index=True)
    village_id: Mapped[int] = mapped_column(ForeignKey("village.id"))
    grams: Mapped[int]


class Stock(Base):
    """One row a SKU; ``available`` is what may still be promised from the shelf."""

    __tablename__ = "stock"
    __table_args__ = (
        CheckConstraint("held >= 0 AND allotted >= 0", name="not_negative"),
        CheckConstraint("held + allotted <= on_hand", name="promised_within_on_hand"),
    )

    sku: Mapped[str] = mapped_column(ForeignKey("variant.sku"), primary_key=True)
    cooperative_id: Mapped[int] = mapped_column(ForeignKey("cooperative.id"), index=True)
    on_hand: Mapped[int] = mapped_column(default=0)
    held: Mapped[int] = mapped_column(default=0)
    allotted: Mapped[int] = mapped_column(default=0)

    @property
    def available(self) -> int:
        return self.on_hand - self.held - self.allotted


class StockHold(Base):
    """Units promised to one order line until paid or expired.

    With ``live_item_id`` the promise is on the live item's counter, whose allotment has already
    left the shelf; without, on the shelf's.
    """

    __tablename__ = "stock_hold"
    __table_args__ = (
        one_of("state", HoldState),
        CheckConstraint("quantity > 0", name="quantity"),
        UniqueConstraint("order_line_id"),
        some_of("ix_stock_hold_held", "sku", "expires_at", where="state = 'held'"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    sku: Mapped[str] = mapped_column(ForeignKey("variant.sku"))
    order_id: Mapped[int] = mapped_column(ForeignKey("orders.id"), index=True)
    order_line_id: Mapped[int] = mapped_column(ForeignKey("order_line.id"))
    live_item_id: Mapped[int | None] = mapped_column(ForeignKey("live_item.id"), index=True)
    quantity: Mapped[int]
    state: Mapped[HoldState] = mapped_column(Word(HoldState), default=HoldState.HELD)
    expires_at: Mapped[datetime]
    created_at: Mapped[datetime]
    closed_at: Mapped[datetime | None]


class StockMove(Base):
    """The ledger of stock: three signed deltas, and why.

    ``held_delta`` belongs to the live item's counter where ``live_item_id`` is set, else to the
    shelf's.
    """

    __tablename__ = "stock_move"
    __table_args__ = (
        one_of("kind", MoveKind),
        CheckConstraint("kind <> 'adjust' OR reason IS NOT NULL", name="adjustment_has_reason"),
        Index(
            "uq_stock_move_hold_closed_once",
            "hold_id",
            unique=True,
            postgresql_where=text("kind IN ('consume', 'release')"),
            sqlite_where=text("kind IN ('consume', 'release')"),
        ),
        Index("ix_stock_move_sku_id", "sku", "id"),
        Index("ix_stock_move_cooperative_id_id", "cooperative_id", "id"),
        APPEND_ONLY,
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    sku: Mapped[str] = mapped_column(ForeignKey("variant.sku"))
    cooperative_id: Mapped[int] = mapped_column(ForeignKey("cooperative.id"))
    kind: Mapped[MoveKind] = mapped_column(Word(MoveKind))
    on_hand_delta: Mapped[int] = mapped_column(default=0)
    held_delta: Mapped[int] = mapped_column(default=0)
    allotted_delta: Mapped[int] = mapped_column(default=0)
    lot_id: Mapped[int | None] = mapped_column(ForeignKey("lot.id"), index=True)
    hold_id: Mapped[int | None] = mapped_column(ForeignKey("stock_hold.id"))
    order_id: Mapped[int | None] = mapped_column(ForeignKey("orders.id"), index=True)
    live_item_id: Mapped[int | None] = mapped_column(ForeignKey("live_item.id"))
    reason: Mapped[AdjustReason | None] = mapped_column(Word(AdjustReason))
    note: Mapped[str | None] = mapped_column(String(200))
    actor_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    at: Mapped[datetime]


class LotSale(Base):
    """Which lots a paid line was taken from: what trace, settlement and board read."""

    __tablename__ = "lot_sale"
    __table_args__ = (
        UniqueConstraint("order_line_id", "lot_id"),
        CheckConstraint("quantity > 0", name="quantity"),
        CheckConstraint("returned BETWEEN 0 AND quantity", name="returned"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    order_id: Mapped[int] = mapped_column(ForeignKey("orders.id"), index=True)
    order_line_id: Mapped[int] = mapped_column(ForeignKey("order_line.id"))
    lot_id: Mapped[int] = mapped_column(ForeignKey("lot.id"), index=True)
    quantity: Mapped[int]
    returned: Mapped[int] = mapped_column(default=0)
