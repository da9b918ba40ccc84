"""Tables of the books: every transaction sums to zero and none is ever changed.

The legs of a transaction are written first and its header last. On SQLite a deferred foreign key
ties the legs to the header, whose trigger checks the sum; on PostgreSQL a deferred constraint
trigger checks it at commit (I15).
"""

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from shop.columns import Word, one_of
from shop.db import APPEND_ONLY, Base
from shop.domain.settlement.states import PartyKind, SheetStatus, TxKind

BALANCED = {
    "sqlite": {
        "ledger_tx_balanced": [
            "CREATE TRIGGER ledger_tx_balanced BEFORE INSERT ON ledger_tx "
            "WHEN (SELECT coalesce(sum(amount_fen), 0) FROM ledger_entry "
            "WHERE tx_id = NEW.id) <> 0 "
            "OR NOT EXISTS (SELECT 1 FROM ledger_entry WHERE tx_id = NEW.id) "
            "BEGIN SELECT RAISE(ABORT, 'unbalanced ledger transaction'); END"
        ],
    },
    "postgresql": {
        "ledger_tx_balanced": [
            "CREATE OR REPLACE FUNCTION check_ledger_tx() RETURNS trigger LANGUAGE plpgsql AS "
            "$$ BEGIN IF (SELECT coalesce(sum(amount_fen), 1) FROM ledger_entry "
            "WHERE tx_id = NEW.id) <> 0 THEN RAISE EXCEPTION 'unbalanced ledger transaction %', "
            "NEW.id USING ERRCODE = '23514'; END IF; RETURN NULL; END $$",
            "CREATE CONSTRAINT TRIGGER ledger_tx_balanced AFTER INSERT ON ledger_tx "
            "DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION check_ledger_tx()",
        ],
    },
}

CLOSED = {
    "sqlite": {
        "ledger_entry_closed": [
            "CREATE TRIGGER ledger_entry_closed BEFORE INSERT ON ledger_entry "
            "WHEN EXISTS (SELECT 1 FROM ledger_tx WHERE id = NEW.tx_id) "
            "BEGIN SELECT RAISE(ABORT, 'the ledger transaction is closed'); END"
        ],
    },
    "postgresql": {
        "ledger_entry_closed": [
            "CREATE OR REPLACE FUNCTION refuse_late_entry() RETURNS trigger LANGUAGE plpgsql AS "
            "$$ BEGIN IF EXISTS (SELECT 1 FROM ledger_tx WHERE id = NEW.tx_id) THEN "
            "RAISE EXCEPTION 'the ledger transaction is closed' USING ERRCODE = '23514'; "
            "END IF; RETURN NEW; END $$",
            "CREATE TRIGGER ledger_entry_closed BEFORE INSERT ON ledger_entry "
            "FOR EACH ROW EXECUTE FUNCTION refuse_late_entry()",
        ],
        "ledger_entry_balanced": [
            "CREATE OR REPLACE FUNCTION check_ledger_entry() RETURNS trigger LANGUAGE plpgsql AS "
            "$$ BEGIN IF (SELECT sum(amount_fen) FROM ledger_entry "
            "WHERE tx_id = NEW.tx_id) <> 0 THEN RAISE EXCEPTION 'unbalanced ledger transaction %', "
            "NEW.tx_id USING ERRCODE = '23514'; END IF; RETURN NULL; END $$",
            "CREATE CONSTRAINT TRIGGER ledger_entry_balanced AFTER INSERT ON ledger_entry "
            "DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION check_ledger_entry()",
        ],
    },
}


DECIDED_ONCE = {
    "sqlite": {
        "board_sheet_decided": [
            "CREATE TRIGGER board_sheet_decided BEFORE UPDATE ON board_sheet "
            "WHEN OLD.status <> 'draft' "
            "BEGIN SELECT RAISE(ABORT, 'a decided sheet stays as it is'); END"
        ],
        "board_sheet_frozen": [
            "CREATE TRIGGER board_sheet_frozen BEFORE UPDATE OF figures, last_entry_id, "
            "village_id, period, version, drafted_by ON board_sheet "
            "BEGIN SELECT RAISE(ABORT, 'the figures of a sheet are frozen'); END"
        ],
        "board_sheet_kept": [
            "CREATE TRIGGER board_sheet_kept BEFORE DELETE ON board_sheet "
            "BEGIN SELECT RAISE(ABORT, 'a sheet is kept'); END"
        ],
    },
    "postgresql": {
        "board_sheet_kept": [
            "CREATE OR REPLACE FUNCTION keep_board_sheet() RETURNS trigger LANGUAGE plpgsql AS "
            "$$ BEGIN IF TG_OP = 'DELETE' THEN RAISE EXCEPTION 'a sheet is kept' "
            "USING ERRCODE = '23514'; ELSIF OLD.status <> 'draft' THEN "
            "RAISE EXCEPTION 'a decided sheet stays as it is' USING ERRCODE = '23514'; "
            "ELSIF (NEW.figures, NEW.last_entry_id, NEW.village_id, NEW.period, NEW.version, "
            "NEW.drafted_by) IS DISTINCT FROM (OLD.figures, OLD.last_entry_id, OLD.village_id, "
            "OLD.period, OLD.version, OLD.drafted_by) THEN "
            "RAISE EXCEPTION 'the figures of a sheet are frozen' USING ERRCODE = '23514'; "
            "END IF; RETURN NEW; END $$",
            "CREATE TRIGGER board_sheet_kept BEFORE UPDATE OR DELETE ON board_sheet "
            "FOR EACH ROW EXECUTE FUNCTION keep_board_sheet()",
        ],
    },
}
"""What was drafted is frozen, what was decided stays: publishing anew is another sheet."""


class SplitRule(Base):
    """How a cooperative's income is shared, in basis points of the goods; the rest is its own."""

    __tablename__ = "split_rule"
    __table_args__ = (
        UniqueConstraint("cooperative_id", "version"),
        CheckConstraint(
            "platform_bp >= 0 AND village_bp >= 0 AND farmer_bp >= 0 "
            "AND platform_bp + village_bp + farmer_bp <= 10000",
            name="within_whole",
        ),
        APPEND_ONLY,
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    cooperative_id: Mapped[int] = mapped_column(ForeignKey("cooperative.id"))
    version: Mapped[int]
    platform_bp: Mapped[int]
    village_bp: Mapped[int]
    farmer_bp: Mapped[int]
    created_by: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    created_at: Mapped[datetime]


class LedgerTx(Base):
    """One balanced posting; ``cause_key`` lets each cause post once (I21)."""

    __tablename__ = "ledger_tx"
    __table_args__ = (
        one_of("kind", TxKind),
        {"info": {"append_only": True, "triggers": BALANCED}},
    )

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    kind: Mapped[TxKind] = mapped_column(Word(TxKind))
    cause_key: Mapped[str] = mapped_column(String(80), unique=True)
    order_id: Mapped[int] = mapped_column(ForeignKey("orders.id"), index=True)
    refund_id: Mapped[int | None] = mapped_column(ForeignKey("refund.id"), index=True)
    period: Mapped[str] = mapped_column(String(7))
    posted_at: Mapped[datetime]


class LedgerEntry(Base):
    """One leg: debit +, credit −, in fen; the village is the sold lot's growers'."""

    __tablename__ = "ledger_entry"
    __table_args__ = (
        one_of("party_kind", PartyKind),
        CheckConstraint("currency = 'CNY'", name="cny"),
        CheckConstraint("amount_fen <> 0", name="not_zero"),
        Index("ix_ledger_entry_village_id_period", "village_id", "period"),
        Index("ix_ledger_entry_cooperative_id_period", "cooperative_id", "period"),
        {"info": {"append_only": True, "triggers": CLOSED}},
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    tx_id: Mapped[str] = mapped_column(
        ForeignKey("ledger_tx.id", deferrable=True, initially="DEFERRED"), index=True
    )
    order_id: Mapped[int] = mapped_column(ForeignKey("orders.id"), index=True)
    order_line_id: Mapped[int | None] = mapped_column(ForeignKey("order_line.id"))
    lot_id: Mapped[int | None] = mapped_column(ForeignKey("lot.id"))
    party_kind: Mapped[PartyKind] = mapped_column(Word(PartyKind))
    party_id: Mapped[int | None]
    cooperative_id: Mapped[int] = mapped_column(ForeignKey("cooperative.id"))
    village_id: Mapped[int] = mapped_column(ForeignKey("village.id"))
    split_rule_id: Mapped[int] = mapped_column(ForeignKey("split_rule.id"))
    quantity: Mapped[int] = mapped_column(default=0)
    amount_fen: Mapped[int]
    currency: Mapped[str] = mapped_column(String(3), default="CNY")
    period: Mapped[str] = mapped_column(String(7))


class BoardSheet(Base):
    """A month of a village as one person froze it, and another published it or took it back.

    ``figures`` are those of the ledger up to its leg ``last_entry_id``. A sheet moves once, so it
    is its own history.
    """

    __tablename__ = "board_sheet"
    __table_args__ = (
        one_of("status", SheetStatus),
        UniqueConstraint("village_id", "period", "version"),
        CheckConstraint(
            "(status = 'draft') = (decided_at IS NULL) "
            "AND (decided_at IS NULL) = (decided_by IS NULL)",
            name="decided_by_somebody",
        ),
        CheckConstraint(
            "status <> 'published' OR decided_by <> drafted_by", name="second_person_publishes"
        ),
        Index(
            "uq_board_sheet_open",
            "village_id",
            "period",
            unique=True,
            postgresql_where=text("status = 'draft'"),
            sqlite_where=text("status = 'draft'"),
        ),
        {"info": {"triggers": DECIDED_ONCE}},
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    village_id: Mapped[int] = mapped_column(ForeignKey("village.id"))
    period: Mapped[str] = mapped_column(String(7))
    version: Mapped[int]
    status: Mapped[SheetStatus] = mapped_column(Word(SheetStatus), default=SheetStatus.DRAFT)
    figures: Mapped[dict[str, Any]]
    last_entry_id: Mapped[int]
    note: Mapped[str | None] = mapped_column(String(400))
    drafted_by: Mapped[int] = mapped_column(ForeignKey("users.id"))
    drafted_at: Mapped[datetime]
    decided_by: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    decided_at: Mapped[datetime | None]
