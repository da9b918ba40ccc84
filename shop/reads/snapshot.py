"""What an order line keeps of the page it was bought from."""

from datetime import date
from typing import Any

from shop.domain.catalog.models import Product, Variant


def snapshot(variant: Variant, product: Product, *, today: date) -> dict[str, Any]:
    """The page as the buyer sees it today, kept with the order (Order 117 art. 16)."""
    return {
        "product_version": product.version,
        "slug": product.slug,
        "title": product.title,
        "variant": variant.name,
        "unit": variant.unit,
        "weight_grams": variant.weight_grams,
        "list_price_fen": variant.price_fen,
        "strike_price_fen": variant.strike_price_fen,
        "summary": product.summary,
        "description": product.description,
        "seller": {
            "name": product.seller_name,
            "address": product.seller_address,
            "contact": product.seller_contact,
            "licence_no": product.seller_licence_no,
        },
        "after_sale": product.after_sale.value,
        "claim_window_hours": product.claim_window_hours,
        "shelf_life_days": product.shelf_life_days,
        "storage": product.storage,
        "ship_within_hours": product.ship_within_hours,
        "pictures": [shown.picture.name for shown in product.pictures],
        "certificates": [
            {
                "kind": paper.kind.value,
                "number": paper.number,
                "holder": paper.holder,
                "valid_to": paper.valid_to.isoformat(),
            }
            for paper in product.certificates
            if paper.is_shown(today)
        ],
    }
