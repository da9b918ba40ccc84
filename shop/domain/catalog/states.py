"""The life of a product and of a revision."""

from enum import StrEnum

from shop.kernel.lifecycle import Lifecycle


class ProductStatus(StrEnum):
    DRAFT = "draft"
    IN_REVIEW = "in_review"
    ON_SALE = "on_sale"
    OFF_SALE = "off_sale"
    BLOCKED = "blocked"
    ARCHIVED = "archived"


PRODUCT_LIFE = Lifecycle(
    "product",
    {
        ProductStatus.DRAFT: frozenset({ProductStatus.IN_REVIEW, ProductStatus.ARCHIVED}),
        ProductStatus.IN_REVIEW: frozenset({ProductStatus.ON_SALE, ProductStatus.DRAFT}),
        ProductStatus.ON_SALE: frozenset({ProductStatus.OFF_SALE, ProductStatus.BLOCKED}),
        ProductStatus.OFF_SALE: frozenset(
            {ProductStatus.ON_SALE, ProductStatus.ARCHIVED, ProductStatus.BLOCKED}
        ),
        ProductStatus.BLOCKED: frozenset({ProductStatus.OFF_SALE}),
        ProductStatus.ARCHIVED: frozenset(),
    },
)


class RevisionStatus(StrEnum):
    WAITING = "waiting"
    APPROVED = "approved"
    REJECTED = "rejected"
    WITHDRAWN = "withdrawn"


REVISION_LIFE = Lifecycle(
    "revision",
    {
        RevisionStatus.WAITING: frozenset(
            {RevisionStatus.APPROVED, RevisionStatus.REJECTED, RevisionStatus.WITHDRAWN}
        ),
        RevisionStatus.APPROVED: frozenset(),
        RevisionStatus.REJECTED: frozenset(),
        RevisionStatus.WITHDRAWN: frozenset(),
    },
)


class AfterSale(StrEnum):
    """``perishable``: exempt from the 7-day return (Consumer Law art. 25), ticked at purchase."""

    SEVEN_DAYS = "seven_days"
    PERISHABLE = "perishable"


class CertificateKind(StrEnum):
    GREEN = "green"
    ORGANIC = "organic"
    GEOGRAPHIC = "geographic"
    COMPLIANCE = "compliance"
    TEST_REPORT = "test_report"


class StrikeBasis(StrEnum):
    """What a struck-through price is compared with (pricing rules art. 16)."""

    LOWEST_PAID = "lowest_paid"
    RETAIL_PRICE = "retail_price"
    STATED_PERIOD = "stated_period"


class HallKind(StrEnum):
    SEASON = "season"
    VILLAGE = "village"
