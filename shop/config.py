"""Settings from the environment, checked whole at start."""

import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Self
from urllib.parse import urlsplit

from sqlalchemy import make_url
from sqlalchemy.exc import ArgumentError

from shop.kernel.origins import is_origin

DEVELOPMENT, TEST, PRODUCTION = "development", "test", "production"
DEMONSTRATION = {
    "SHOP_OPERATOR_NAME": "演示县域运营公司",
    "SHOP_OPERATOR_LICENCE": "演示执照号",
    "SHOP_ICP_NUMBER": "演示备案号",
    "SHOP_COMPLAINT_PHONE": "0353-0000000（演示）",
}
"""Who answers for a site outside production, where nobody has been named."""
LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})


class UnsafeSettings(RuntimeError):
    """The shop refuses to start; the message names everything wrong at once."""


@dataclass(frozen=True, kw_only=True)
class Settings:
    """What ``.env.example`` lists, in one frozen value."""

    env: str
    base_url: str
    data_dir: Path
    secret_key: str
    database_url: str
    redis_url: str | None = None
    limits: bool = True
    trusted_proxies: int = 0
    seller_of_record: str = "operator"
    operator_name: str = ""
    operator_licence: str = ""
    icp_number: str = ""
    complaint_phone: str = ""
    gateways: tuple[str, ...] = ("sandbox",)
    sandbox_secrets: tuple[str, ...] = ()
    stripe_secret_key: str = ""
    stripe_webhook_secrets: tuple[str, ...] = ()
    stripe_api_base: str = "https://api.stripe.com"
    stripe_livemode: bool = False
    kuaidi100_salts: tuple[str, ...] = ()
    kuaidi100_customer: str = ""
    kuaidi100_key: str = ""
    sms_url: str = ""
    sms_token: str = ""
    code_sign_in: bool = True
    media_origins: tuple[str, ...] = ()
    pictures_url: str = ""
    metrics_token: str = ""
    hold_minutes: int = 15
    live_hold_minutes: int = 5
    hold_cap_minutes: int = 45
    complete_after_days: int = 7
    ship_grace_days: int = 7
    db_pool_size: int = 5
    pgbouncer: bool = False
    replica_url: str = ""
    max_streams: int = 18_000
    allow_sqlite: bool = False
    allow_sandbox: bool = False

    @property
    def production(self) -> bool:
        return self.env == PRODUCTION

    @property
    def secure_cookies(self) -> bool:
        return self.base_url.startswith("https://")

    @property
    def on_sqlite(self) -> bool:
        return self.database_url.startswith("sqlite")

    @classmethod
    def from_env(cls, env: Mapping[str, str] = os.environ) -> Self:
        """Read every setting; raises ``UnsafeSettings`` naming all that is missing or unsafe."""
        read = _Reader(env)
        mode = read.choice("SHOP_ENV", (DEVELOPMENT, TEST, PRODUCTION))
        data_dir = Path(read.text("SHOP_DATA_DIR", "var")).resolve()
        made = cls(
            env=mode,
            data_dir=data_dir,
            base_url=read.text("SHOP_BASE_URL", _own_address(env)).rstrip("/"),
            secret_key=read.secret("SHOP_SECRET_KEY", mode, data_dir),
            database_url=_driver(read.text("DATABASE_URL", f"sqlite:///{data_dir}/shop.db")),
            redis_url=read.text("REDIS_URL", "") or None,
            limits=read.flag("SHOP_LIMITS", default=True),
            trusted_proxies=read.number("SHOP_TRUSTED_PROXIES", 0, low=0, high=5),
            seller_of_record=read.choice("SHOP_SELLER_OF_RECORD", ("operator", "cooperative")),
            operator_name=read.named("SHOP_OPERATOR_NAME", mode),
            operator_licence=read.named("SHOP_OPERATOR_LICENCE", mode),
            icp_number=read.named("SHOP_ICP_NUMBER", mode),
            complaint_phone=read.named("SHOP_COMPLAINT_PHONE", mode),
            gateways=read.several("SHOP_GATEWAYS", "sandbox"),
            sandbox_secrets=(read.secret("SHOP_SANDBOX_SECRET", mode, data_dir),),
            stripe_secret_key=read.text("STRIPE_SECRET_KEY", ""),
            stripe_webhook_secrets=read.several("STRIPE_WEBHOOK_SECRETS", ""),
            stripe_api_base=read.text("STRIPE_API_BASE", "https://api.stripe.com"),
            stripe_livemode=read.flag("STRIPE_LIVEMODE", default=mode == PRODUCTION),
            kuaidi100_salts=read.several("SHOP_KUAIDI100_SALTS", ""),
            kuaidi100_customer=read.text("SHOP_KUAIDI100_CUSTOMER", ""),
            kuaidi100_key=read.text("SHOP_KUAIDI100_KEY", ""),
            sms_url=read.text("SHOP_SMS_URL", ""),
            sms_token=read.text("SHOP_SMS_TOKEN", ""),
            code_sign_in=read.flag("SHOP_CODE_SIGN_IN", default=True),
            media_origins=read.several("SHOP_MEDIA_ORIGINS", ""),
            pictures_url=read.text("SHOP_PICTURES_URL", f"file://{data_dir}/pictures"),
            metrics_token=read.text("SHOP_METRICS_TOKEN", ""),
            hold_minutes=read.number("SHOP_HOLD_MINUTES", 15, low=1, high=120),
            live_hold_minutes=read.number("SHOP_LIVE_HOLD_MINUTES", 5, low=1, high=60),
            hold_cap_minutes=read.number("SHOP_HOLD_CAP_MINUTES", 45, low=5, high=240),
            complete_after_days=read.number("SHOP_COMPLETE_AFTER_DAYS", 7, low=0, high=60),
            ship_grace_days=read.number("SHOP_SHIP_GRACE_DAYS", 7, low=0, high=60),
            db_pool_size=read.number("SHOP_DB_POOL_SIZE", 5, low=1, high=100),
            pgbouncer=read.flag("SHOP_PGBOUNCER", default=False),
            replica_url=_driver(read.text("SHOP_REPLICA_URL", "")),
            max_streams=read.number("SHOP_MAX_STREAMS", 18_000, low=1, high=100_000),
            allow_sqlite=read.flag("SHOP_ALLOW_SQLITE", default=False),
            allow_sandbox=read.flag("SHOP_ALLOW_SANDBOX", default=False),
        )
        problems = [*read.problems, *made.problems()]
        if problems:
            raise UnsafeSettings("cannot start: " + "; ".join(problems))
        return made

    def problems(self) -> list[str]:
        """Everything that makes these settings unfit for their environment."""
        found = []
        if self.secret_key == "":
            found.append("SHOP_SECRET_KEY is missing")
        if "stripe" in self.gateways and not self.stripe_secret_key:
            found.append("STRIPE_SECRET_KEY is missing")
        if "stripe" in self.gateways and not self.stripe_webhook_secrets:
            found.append("STRIPE_WEBHOOK_SECRETS is missing")
        found.extend(
            f"unknown gateway {g}" for g in self.gateways if g not in {"sandbox", "stripe"}
        )
        found.extend(self._address_problems())
        return [*found, *self._production_problems()] if self.production else found

    def _address_problems(self) -> list[str]:
        checks = {
            "SHOP_BASE_URL must be http(s)://host, without a path": not is_origin(self.base_url),
            "DATABASE_URL must be sqlite:///file or postgresql://": not _is_database(
                self.database_url
            ),
            "SHOP_REPLICA_URL must be postgresql://, as DATABASE_URL is": bool(self.replica_url)
            and (self.on_sqlite or not _is_postgresql(self.replica_url)),
            "REDIS_URL must be redis://host:6379/0": not _is_redis(self.redis_url),
            "SHOP_MEDIA_ORIGINS must be origins such as https://cdn.example": not all(
                map(is_origin, self.media_origins)
            ),
        }
        return [words for words, wrong in checks.items() if wrong]

    def _production_problems(self) -> list[str]:
        parts = urlsplit(self.base_url)
        checks = {
            "SHOP_BASE_URL must be https": parts.scheme != "https" or parts.hostname in LOOPBACK,
            "SHOP_SECRET_KEY must have 32 characters or more": len(self.secret_key) < 32,
            "SHOP_LIMITS=off is for load tests": not self.limits,
            "the sandbox gateway needs SHOP_ALLOW_SANDBOX=on": "sandbox" in self.gateways
            and not self.allow_sandbox,
            "SHOP_SANDBOX_SECRET must have 32 characters or more": "sandbox" in self.gateways
            and any(len(secret) < 32 for secret in self.sandbox_secrets),
            "SQLite needs SHOP_ALLOW_SQLITE=on": self.on_sqlite and not self.allow_sqlite,
            "code sign-in needs SHOP_SMS_URL": self.code_sign_in and not self.sms_url,
            "sign-up proves the phone and needs SHOP_SMS_URL": not self.sms_url,
            "SHOP_OPERATOR_NAME is missing": not self.operator_name,
            "SHOP_OPERATOR_LICENCE is missing": not self.operator_licence,
            "SHOP_ICP_NUMBER is missing": not self.icp_number,
            "SHOP_COMPLAINT_PHONE is missing": not self.complaint_phone,
        }
        return [words for words, wrong in checks.items() if wrong]


class _Reader:
    """Reads one variable at a time and remembers what is wrong."""

    def __init__(self, env: Mapping[str, str]) -> None:
        self.env = env
        self.problems: list[str] = []

    def text(self, name: str, default: str) -> str:
        return self.env.get(name, "").strip() or default

    def named(self, name: str, mode: str) -> str:
        """What the law wants at the foot of a page; production has no default for it."""
        return self.text(name, "" if mode == PRODUCTION else DEMONSTRATION[name])

    def several(self, name: str, default: str) -> tuple[str, ...]:
        return tuple(part.strip() for part in self.text(name, default).split(",") if part.strip())

    def choice(self, name: str, allowed: tuple[str, ...]) -> str:
        value = self.text(name, allowed[0])
        if value not in allowed:
            self.problems.append(f"{name} must be one of {', '.join(allowed)}")
        return value

    def flag(self, name: str, *, default: bool) -> bool:
        value = self.text(name, "on" if default else "off").lower()
        if value not in {"on", "off"}:
            self.problems.append(f"{name} must be on or off")
        return value == "on"

    def number(self, name: str, default: int, *, low: int, high: int) -> int:
        value = self.text(name, str(default))
        if not (value.isascii() and value.isdigit() and low <= int(value) <= high):
            self.problems.append(f"{name} must be a whole number from {low} to {high}")
            return default
        return int(value)

    def secret(self, name: str, mode: str, data_dir: Path) -> str:
        """Outside production a missing secret is made once and kept in the data folder."""
        if (given := self.text(name, "")) or mode == PRODUCTION:
            return given
        kept = data_dir / f"{name.lower()}.txt"
        if not kept.exists():
            data_dir.mkdir(parents=True, exist_ok=True)
            draft = kept.with_suffix(f".{os.getpid()}")
            draft.write_text(secrets.token_hex(32))
            draft.chmod(0o600)
            try:
                os.link(draft, kept)
            except FileExistsError:
                pass
            finally:
                draft.unlink()
        return kept.read_text().strip()


def _own_address(env: Mapping[str, str]) -> str:
    host = env.get("HOST", "") or "127.0.0.1"
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)
    return f"http://{f'[{host}]' if ':' in host else host}:{env.get('PORT', '8000')}"


def _is_database(address: str) -> bool:
    """One of the two databases that the shop is tested on, with the driver it speaks."""
    try:
        url = make_url(address)
    except (ArgumentError, ValueError):
        return False
    if url.drivername == "sqlite":
        return url.database not in {None, "", ":memory:"}
    return url.drivername == "postgresql+psycopg"


def _is_postgresql(address: str) -> bool:
    return address.startswith("postgresql") and _is_database(address)


def _is_redis(address: str | None) -> bool:
    if address is None:
        return True
    try:
        parts = urlsplit(address)
        return parts.scheme in {"redis", "rediss"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False


def _driver(url: str) -> str:
    """Any PostgreSQL address is spoken to with psycopg 3."""
    for scheme in ("postgres://", "postgresql://"):
        if url.startswith(scheme):
            return "postgresql+psycopg://" + url.removeprefix(scheme)
    return url
