"""What nginx does before the application: whom it believes, what it bounds, what it says alone."""

import json
import sys

from tests.cluster.cluster import Cluster
from tests.cluster.hosts import INNER, NAME
from tests.servers.ground import until

KEYS = "import redis, sys; print(*redis.Redis.from_url(sys.argv[1]).scan_iter('*'), sep='\\n')"


def test_the_address_of_a_viewer_is_nginx_word_and_not_the_viewers(cluster: Cluster) -> None:
    page = f"https://{NAME}/"
    assert cluster.fetched(page, "-H", "X-Forwarded-For: 192.0.2.77") == 200
    store = f"redis://:{cluster.hosts.redis_secret}@{INNER['redis']}:6379/0"
    counted = cluster.hosts.run("redis", sys.executable, "-c", KEYS, store)
    assert "203.0.113.77" in counted
    assert "192.0.2.77" not in counted


def test_only_the_shop_is_answered_from_outside(cluster: Cluster) -> None:
    assert cluster.fetched(f"http://{NAME}/", "--resolve", f"{NAME}:80:203.0.113.10") == 308
    other = ("--resolve", "other.example:443:203.0.113.10", "-k")
    assert cluster.fetched("https://other.example/", *other) == 0
    for path in ("metrics", "readyz"):
        assert cluster.fetched(f"https://{NAME}/{path}") == 404
    assert cluster.fetched(f"https://{NAME}/healthz") == 200
    assert cluster.fetched(f"http://{INNER['web1']}:8000/healthz") == 0, "from the inside only"


def test_a_body_is_bounded_where_the_application_bounds_it(cluster: Cluster) -> None:
    for size, status in ((900_000, 401), (1_200_000, 413)):
        body = cluster.folder / "body.json"
        body.write_text(json.dumps({"note": "x" * size}))
        words = ("-H", "Content-Type: application/json", "--data-binary", f"@{body}")
        assert cluster.fetched(f"https://{NAME}/api/v1/orders", *words) == status


def test_without_a_web_host_programs_get_a_problem_and_files_come_from_the_cache(
    cluster: Cluster,
) -> None:
    style = f"https://{NAME}/static/css/shop.css"
    assert cluster.fetched(style) == 200
    for host in ("web1", "web2"):
        cluster.hosts.units[host].end(cluster.hosts.running[host])
    try:
        until(lambda: cluster.asked("/products").get("status") == 503, what="a problem document")
        told = cluster.asked("/products")
        assert told["code"] == "dependency-unavailable"
        assert told["retryable"] is True
        for path in ("/", "/api/v1/products"):
            assert cluster.fetched(f"https://{NAME}{path}") == 503
        assert cluster.fetched(style) == 200
    finally:
        for host in ("web1", "web2"):
            cluster.hosts.start_unit(host, "shop-web.service", host)
    until(lambda: cluster.fetched(f"https://{NAME}/") == 200, within_s=40, what="the first page")
