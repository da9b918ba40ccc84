"""Sending orders over HTTP."""

from typing import Any

from flask.testing import FlaskClient

from tests.builders import COUNTY, a_token, an_actor


def a_buyer() -> dict[str, str]:
    """The credentials of a new buyer, as headers."""
    person = an_actor().user_id
    assert person is not None
    return {"Authorization": f"Bearer {a_token(person)}"}


def send_order(client: FlaskClient, buyer: dict[str, str], sku: str, key: str) -> Any:
    """One unit of a SKU under an ``Idempotency-Key``."""
    body = {
        "items": [{"sku": sku, "quantity": 1}],
        "ship_to": {
            "name": "演示买家", "phone": "13800000001", "region_code": COUNTY, "street": "演示路",
        },
        "note": "门口",
        "consents": ["perishable-no-return"],
    }  # fmt: skip
    return client.post("/api/v1/orders", json=body, headers=buyer | {"Idempotency-Key": key})
