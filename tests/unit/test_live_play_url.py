"""A picture address is compared with what is allowed, and nothing is ever fetched."""

import pytest

from shop.domain.live.errors import UrlNotAllowed
from shop.domain.live.play_url import checked

ORIGINS = ("https://shop.example", "https://cdn.example:8443", "http://127.0.0.1:8000")


@pytest.mark.parametrize(
    "url",
    [
        "https://cdn.example:8443/live/a.m3u8",
        "https://CDN.example:8443/live/a.M3U8?auth=1-2",
        "https://shop.example:443/a.mp4",
        "http://127.0.0.1:8000/static/a.mp4",
        "/static/a.mp4",
    ],
)
def test_a_film_of_an_allowed_origin_is_kept_as_given(url: str) -> None:
    assert checked(url, origins=ORIGINS) == url


@pytest.mark.parametrize("nothing", [None, ""])
def test_without_an_address_the_room_shows_a_still(nothing: str | None) -> None:
    assert checked(nothing, origins=ORIGINS) is None


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1/a.mp4",
        "http://[::1]/a.mp4",
        "http://169.254.169.254/latest/a.mp4",
        "http://0x7f000001/a.mp4",
        "http://2130706433/a.mp4",
        "https://cdn.example/a.m3u8",
        "http://cdn.example:8443/a.m3u8",
        "https://cdn.example:8443@evil.example/a.m3u8",
        "https://user@cdn.example:8443/a.m3u8",
        "https://cdn.example:8443.evil.example/a.m3u8",
        "https://cdn.example:8443/a.html",
        "https://cdn.example:8443/a.m3u8#x",
        "https://cdn.example:99999/a.m3u8",
        "//cdn.example:8443/a.m3u8",
        "/\\evil.example/a.mp4",
        "\thttps://cdn.example:8443/a.mp4",
        "https://cdn.example:8443/a b.mp4",
        "https://cdn。example:8443/a.mp4",
        "file:///etc/passwd.mp4",
        "gopher://cdn.example:8443/a.mp4",
        "javascript:alert(1)//a.mp4",
        "data:video/mp4;base64,AA.mp4",
        "https://[cdn.example/a.mp4",
        "static/a.mp4",
        "https://cdn.example:8443/" + "a" * 400 + ".mp4",
    ],
)
def test_any_other_address_is_refused(url: str) -> None:
    with pytest.raises(UrlNotAllowed) as refused:
        checked(url, origins=ORIGINS)
    assert refused.value.errors[0]["pointer"] == "/play_url"
