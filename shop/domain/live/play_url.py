"""Which picture addresses a room may play; an address is only compared, never fetched."""

from collections.abc import Collection
from urllib.parse import SplitResult, urlsplit

from shop.domain.live.errors import UrlNotAllowed

LONGEST = 400
PLAYABLE = (".m3u8", ".mp4")
PORTS = {"http": 80, "https": 443}


def checked(url: str | None, *, origins: Collection[str]) -> str | None:
    """An HLS or MP4 address of one of ``origins``, or a path of our own, as it was given.

    ``None`` and an empty text mean that the room shows a still. Raises ``UrlNotAllowed``.
    """
    if not url:
        return None
    refusal = UrlNotAllowed(
        "the picture must be an HLS or MP4 address of this shop or of its media origins",
        errors=[
            {"pointer": "/play_url", "code": "url-not-allowed", "detail": "address not allowed"}
        ],
    )
    if len(url) > LONGEST or not _is_plain(url):
        raise refusal
    try:
        parts = urlsplit(url)
        origin = _origin(parts)
    except ValueError:
        raise refusal from None
    own_path = url.startswith("/") and not url.startswith("//")
    allowed = {_origin(urlsplit(one)) for one in origins}
    if not own_path and (origin is None or origin not in allowed):
        raise refusal
    if parts.fragment or not parts.path.lower().endswith(PLAYABLE):
        raise refusal
    return url


def _is_plain(url: str) -> bool:
    """ASCII, nothing a browser reads otherwise than we do: no space, backslash or control."""
    return url.isascii() and all(33 <= ord(sign) < 127 and sign not in "\\\"'<>`" for sign in url)


def _origin(parts: SplitResult) -> tuple[str, str, int] | None:
    if parts.scheme not in PORTS or not parts.hostname or "@" in parts.netloc:
        return None
    return parts.scheme, parts.hostname.rstrip("."), parts.port or PORTS[parts.scheme]
