"""What every answer says to a browser, and which requests of a browser are believed."""

from collections.abc import Callable
from typing import TypeVar
from urllib.parse import urlsplit

from flask import Flask, Response, current_app, g, request, url_for
from flask.sessions import SecureCookieSessionInterface, SessionMixin
from flask_wtf.csrf import CSRFError, CSRFProtect
from werkzeug.middleware.proxy_fix import ProxyFix

from shop.config import Settings
from shop.kernel.errors import DomainError
from shop.tools import tools
from shop.web.views import view_at

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS", "TRACE"})
MAX_PATH = 2000
JSON_BYTES = 1024 * 1024
PICTURE_BYTES = 12 * 1024 * 1024
SESSION_DAYS = 30

ATTRIBUTE = "__shop_body_bytes__"

V = TypeVar("V")

csrf = CSRFProtect()


class Sessions(SecureCookieSessionInterface):
    """A page that looked into the session is nobody else's."""

    def save_session(self, app: Flask, session: SessionMixin, response: Response) -> None:
        if session.accessed or session.modified:
            response.headers["Cache-Control"] = "no-store"
        super().save_session(app, session, response)


class CsrfFailed(DomainError):
    """The form has no proof that it came from our page."""

    code = "csrf-failed"


def install(app: Flask, settings: Settings) -> None:
    """Cookies, proxies, body limits, CSRF on pages, headers on everything."""
    secure = settings.secure_cookies
    app.config.update(
        SESSION_COOKIE_NAME="__Host-shop" if secure else "shop",
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_COOKIE_SECURE=secure,
        SESSION_COOKIE_PATH="/",
        PERMANENT_SESSION_LIFETIME=SESSION_DAYS * 86400,
        SESSION_REFRESH_EACH_REQUEST=False,
        MAX_CONTENT_LENGTH=JSON_BYTES,
        MAX_FORM_MEMORY_SIZE=JSON_BYTES,
        MAX_FORM_PARTS=1000,
        WTF_CSRF_CHECK_DEFAULT=False,
        WTF_CSRF_TIME_LIMIT=None,
        WTF_CSRF_SSL_STRICT=False,
    )
    if count := settings.trusted_proxies:
        proxied = ProxyFix(app.wsgi_app, x_for=count, x_proto=count, x_host=0)
        app.wsgi_app = proxied  # type: ignore[method-assign]  # Flask's own documented way
    app.session_interface = Sessions()
    csrf.init_app(app)
    policy = content_policy(settings.media_origins)
    app.before_request(_bound_body)
    app.before_request(check_origin)

    @app.after_request
    def add_headers(response: Response) -> Response:
        return _with_headers(response, policy=policy, https=secure)


def body_limit(size: int = PICTURE_BYTES) -> Callable[[V], V]:
    """Let a view take a larger body than the usual 1 MiB."""

    def mark(view: V) -> V:
        setattr(view, ATTRIBUTE, size)
        return view

    return mark


def _bound_body() -> None:
    if request.endpoint is None:
        return
    view = view_at(current_app, request.endpoint, request.method)
    size = getattr(view, ATTRIBUTE, None)
    if size is not None:
        request.max_content_length = size


def content_policy(media_origins: tuple[str, ...]) -> str:
    """Nothing from another host; only pictures and films may come from the named origins."""
    media = " ".join(("'self'", *media_origins))
    return "; ".join(
        (
            "default-src 'self'",
            f"img-src {media}",
            f"media-src {media}",
            "object-src 'none'",
            "base-uri 'none'",
            "form-action 'self'",
            "frame-ancestors 'none'",
        )
    )


def check_origin() -> None:
    """A page takes a change only from its own form: by origin, fetch metadata and token."""
    if request.method in SAFE_METHODS or request.path.startswith("/api/"):
        return
    if request.endpoint is None:
        return
    if request.headers.get("Sec-Fetch-Site", "same-origin") not in ("same-origin", "none"):
        raise CsrfFailed("this came from another site")
    origin = request.headers.get("Origin")
    if origin is not None and origin not in _own_origins():
        raise CsrfFailed("this came from another site")
    try:
        csrf.protect()
    except CSRFError as error:
        raise CsrfFailed("open the page again and send the form once more") from error


def _own_origins() -> set[str]:
    parts = urlsplit(tools().settings.base_url)
    return {f"{parts.scheme}://{parts.netloc}", request.host_url.rstrip("/")}


def local_path(text: str | None, default: str = "/") -> str:
    """A path of this shop, or ``default`` for anything that a browser could take elsewhere."""
    if not text or len(text) > MAX_PATH or not text.isprintable() or "\\" in text:
        return default
    if not text.startswith("/") or text.startswith("//"):
        return default
    try:
        parts = urlsplit(text)
    except ValueError:
        return default
    if parts.scheme or parts.netloc or parts.path.startswith(("//", "/api/")):
        return default
    return text


def path_of_referrer(default: str = "/") -> str:
    """The page a form stood on, if it is ours."""
    parts = urlsplit(request.referrer or "")
    if f"{parts.scheme}://{parts.netloc}" not in _own_origins():
        return default
    return local_path(parts.path + (f"?{parts.query}" if parts.query else ""), default)


def link(endpoint: str, **values: object) -> str:
    """An absolute address for QR codes, messages and providers: from the settings alone."""
    return tools().settings.base_url + url_for(endpoint, **values)  # type: ignore[arg-type]


def _with_headers(response: Response, *, policy: str, https: bool) -> Response:
    headers = response.headers
    headers.setdefault("Content-Security-Policy", policy)
    headers["X-Content-Type-Options"] = "nosniff"
    headers["X-Frame-Options"] = "DENY"
    headers["Referrer-Policy"] = "same-origin"
    headers["Permissions-Policy"] = "camera=(), microphone=(), geolocation=(), payment=(), usb=()"
    headers["Cross-Origin-Opener-Policy"] = "same-origin"
    headers["Cross-Origin-Resource-Policy"] = "same-origin"
    if https:
        headers["Strict-Transport-Security"] = "max-age=31536000; includeSubDomains"
    if _is_personal(response):
        headers["Cache-Control"] = "no-store"
        headers.add("Vary", "Authorization" if request.path.startswith("/api/") else "Cookie")
    return response


def _is_personal(response: Response) -> bool:
    """Whatever depends on who asks; and every refusal."""
    if response.status_code >= 400 or "Authorization" in request.headers:
        return True
    if request.path.startswith("/api/") and request.method not in SAFE_METHODS:
        return True
    if g.get("person") is not None:
        return True
    if response.cache_control.immutable:
        return False
    return False
