"""Tables of places and of those who grow."""

from datetime import datetime

from sqlalchemy import ForeignKey, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from shop.columns import Word, one_of
from shop.db import Base, Versioned
from shop.domain.villages.states import PlaceStatus, SellerKind


class Village(Versioned, Base):
    """An administrative village; its board shows every public account."""

    __tablename__ = "village"
    __table_args__ = (one_of("status", PlaceStatus),)

    id: Mapped[int] = mapped_column(primary_key=True)
    slug: Mapped[str] = mapped_column(String(64), unique=True)
    name: Mapped[str] = mapped_column(String(40))
    name_en: Mapped[str] = mapped_column(String(80))
    region_code: Mapped[str] = mapped_column(String(6))
    intro: Mapped[str] = mapped_column(Text, default="")
    intro_en: Mapped[str] = mapped_column(Text, default="")
    cover_id: Mapped[int | None] = mapped_column(ForeignKey("picture.id"))
    status: Mapped[PlaceStatus] = mapped_column(Word(PlaceStatus), default=PlaceStatus.ACTIVE)
    created_at: Mapped[datetime]


class Cooperative(Versioned, Base):
    """A specialised farmers' cooperative: seller identity of DOMAIN section 9."""

    __tablename__ = "cooperative"
    __table_args__ = (one_of("status", PlaceStatus), one_of("seller_kind", SellerKind))

    id: Mapped[int] = mapped_column(primary_key=True)
    slug: Mapped[str] = mapped_column(String(64), unique=True)
    name: Mapped[str] = mapped_column(String(80))
    licence_no: Mapped[str] = mapped_column(String(18), unique=True)
    seller_kind: Mapped[SellerKind] = mapped_column(
        Word(SellerKind), default=SellerKind.COOPERATIVE
    )
    village_id: Mapped[int] = mapped_column(ForeignKey("village.id"), index=True)
    address: Mapped[str] = mapped_column(String(200))
    contact: Mapped[str] = mapped_column(String(40))
    story: Mapped[str] = mapped_column(Text, default="")
    cover_id: Mapped[int | None] = mapped_column(ForeignKey("picture.id"))
    status: Mapped[PlaceStatus] = mapped_column(Word(PlaceStatus), default=PlaceStatus.ACTIVE)
    created_at: Mapped[datetime]


class Farmer(Versioned, Base):
    """A household of a cooperative; ``assisted`` never leaves the operator's pages."""

    __tablename__ = "farmer"
    __table_args__ = (one_of("status", PlaceStatus),)

    id: Mapped[int] = mapped_column(primary_key=True)
    cooperative_id: Mapped[int] = mapped_column(ForeignKey("cooperative.id"), index=True)
    village_id: Mapped[int] = mapped_column(ForeignKey("village.id"), index=True)
    name: Mapped[str] = mapped_column(String(40))
    phone: Mapped[str | None] = mapped_column(String(20))
    assisted: Mapped[bool] = mapped_column(default=False)
    consented_at: Mapped[datetime | None]
    status: Mapped[PlaceStatus] = mapped_column(Word(PlaceStatus), default=PlaceStatus.ACTIVE)
    created_at: Mapped[datetime]
