"""Tables of people; phone and address are personal data (DESIGN law 11)."""

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from shop.columns import Word, one_of
from shop.db import APPEND_ONLY, Base, Versioned
from shop.domain.accounts.states import CodePurpose, Role, TokenKind, UserStatus


class User(Base):
    """One person; ``phone`` is E.164 (``+8613800000001``) and empty once erased."""

    __tablename__ = "users"
    __table_args__ = (one_of("status", UserStatus),)

    id: Mapped[int] = mapped_column(primary_key=True)
    phone: Mapped[str | None] = mapped_column(String(20), unique=True)
    name: Mapped[str] = mapped_column(String(40))
    password_hash: Mapped[str | None] = mapped_column(String(200))
    phone_proven_at: Mapped[datetime | None]
    status: Mapped[UserStatus] = mapped_column(Word(UserStatus), default=UserStatus.ACTIVE)
    created_at: Mapped[datetime]
    erased_at: Mapped[datetime | None]


class RoleGrant(Base):
    """A hat of the platform, of one cooperative, or of one village; ``revoked_at`` takes it off.

    ``place`` is ``""``, ``c<cooperative id>`` or ``v<village id>``, so that one index holds all.
    """

    __tablename__ = "role_grant"
    __table_args__ = (
        one_of("role", Role),
        CheckConstraint("cooperative_id IS NULL OR village_id IS NULL", name="one_place"),
        Index(
            "uq_role_grant_held",
            "user_id",
            "role",
            "place",
            unique=True,
            postgresql_where=text("revoked_at IS NULL"),
            sqlite_where=text("revoked_at IS NULL"),
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    role: Mapped[Role] = mapped_column(Word(Role))
    cooperative_id: Mapped[int | None] = mapped_column(ForeignKey("cooperative.id"), index=True)
    village_id: Mapped[int | None] = mapped_column(ForeignKey("village.id"))
    place: Mapped[str] = mapped_column(String(24), default="")
    granted_by: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    granted_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None]


class AccessToken(Base):
    """An opaque credential, kept as its hash: an API token or a page session."""

    __tablename__ = "access_token"
    __table_args__ = (one_of("kind", TokenKind),)

    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"), index=True)
    kind: Mapped[TokenKind] = mapped_column(Word(TokenKind))
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None]


class SmsCode(Base):
    """Six digits sent once: hashed, single use, five tries."""

    __tablename__ = "sms_code"
    __table_args__ = (
        one_of("purpose", CodePurpose),
        CheckConstraint("tries >= 0 AND tries <= 5", name="five_tries"),
        Index("ix_sms_code_phone_created_at", "phone", "created_at"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    phone: Mapped[str] = mapped_column(String(20))
    purpose: Mapped[CodePurpose] = mapped_column(Word(CodePurpose))
    code_hash: Mapped[str] = mapped_column(String(64))
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    tries: Mapped[int] = mapped_column(default=0)
    used_at: Mapped[datetime | None]


class Invitation(Base):
    """A seat in a cooperative kept for a phone number until it signs in."""

    __tablename__ = "invitation"
    __table_args__ = (one_of("role", Role),)

    id: Mapped[int] = mapped_column(primary_key=True)
    phone: Mapped[str] = mapped_column(String(20), index=True)
    cooperative_id: Mapped[int] = mapped_column(ForeignKey("cooperative.id"))
    role: Mapped[Role] = mapped_column(Word(Role))
    invited_by: Mapped[int] = mapped_column(ForeignKey("users.id"))
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    accepted_at: Mapped[datetime | None]
    withdrawn_at: Mapped[datetime | None]


class Address(Versioned, Base):
    """One entry of a buyer's address book; ``region_code`` is GB/T 2260, county level."""

    __tablename__ = "address"

    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"), index=True)
    name: Mapped[str] = mapped_column(String(40))
    phone: Mapped[str] = mapped_column(String(20))
    region_code: Mapped[str] = mapped_column(String(6))
    street: Mapped[str] = mapped_column(String(200))
    is_default: Mapped[bool] = mapped_column(default=False)
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]


class AgreementAcceptance(Base):
    """Which version of which text a person accepted, and when."""

    __tablename__ = "agreement_acceptance"
    __table_args__ = (UniqueConstraint("user_id", "kind", "version"), APPEND_ONLY)

    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    kind: Mapped[str] = mapped_column(String(32))
    version: Mapped[str] = mapped_column(String(16))
    accepted_at: Mapped[datetime]
