"""Requests of buyers, prepared for the load client."""

import itertools
import json
from collections.abc import Iterator, Sequence

from bench.client import request

SHIP_TO = {
    "name": "演示买家",
    "phone": "13800000001",
    "region_code": "110105",
    "street": "演示路1号",
}
_runs = itertools.count()


def orders(tokens: Sequence[str], skus: Sequence[str], *, quantity: int = 1) -> Iterator[bytes]:
    """Orders of one line, buyer after buyer and SKU after SKU, each with a key of its own."""
    run = next(_runs)
    for number in itertools.count():
        body = json.dumps(
            {
                "items": [{"sku": skus[number % len(skus)], "quantity": quantity}],
                "ship_to": SHIP_TO,
                "consents": ["perishable-no-return"],
            }
        ).encode()
        token = tokens[number % len(tokens)]
        yield request("POST", "/api/v1/orders", body, token=token, key=f"bench-{run}-{number}")


def reads(path: str) -> Iterator[bytes]:
    """One address, as a rush asks for it."""
    return itertools.repeat(request("GET", path))


def different_reads(path: str) -> Iterator[bytes]:
    """One address, each time so that no answer of another visitor will do."""
    for number in itertools.count():
        asked = request("GET", path)
        yield asked[:-2] + f"Accept-Language: zh;q=0.{number}\r\n\r\n".encode()
