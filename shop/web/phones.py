"""What a browser says it is, where a way to pay depends on it."""

from flask import Request

HANDHELD = ("android", "iphone", "ipad", "mobile", "harmony")


def on_phone(request: Request) -> bool:
    """Whether the buyer holds the screen in a hand."""
    agent = request.headers.get("User-Agent", "").lower()
    return any(word in agent for word in HANDHELD)


def in_wechat(request: Request) -> bool:
    """Whether the page is open inside WeChat, which lets no other wallet open."""
    return "micromessenger" in request.headers.get("User-Agent", "").lower()
