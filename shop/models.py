"""Every table of the shop, so that migrations and strings in foreign keys find them."""

from shop.domain.accounts import models as accounts
from shop.domain.aftersales import models as aftersales
from shop.domain.audit import models as audit
from shop.domain.catalog import models as catalog
from shop.domain.compliance import models as compliance
from shop.domain.inventory import models as inventory
from shop.domain.live import models as live
from shop.domain.logistics import models as logistics
from shop.domain.notices import models as notices
from shop.domain.orders import models as orders
from shop.domain.outbox import models as outbox
from shop.domain.payments import models as payments
from shop.domain.settlement import models as settlement
from shop.domain.villages import models as villages

SUBJECTS = (
    accounts,
    aftersales,
    audit,
    catalog,
    compliance,
    inventory,
    live,
    logistics,
    notices,
    orders,
    outbox,
    payments,
    settlement,
    villages,
)


def known() -> int:
    """Import every subject's tables; gives how many subjects have some."""
    return len(SUBJECTS)
