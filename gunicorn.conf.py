"""How gunicorn serves the shop: gevent, one process, no control socket."""

import gc
import os
import sys
from typing import Any

from gunicorn.workers.ggevent import GeventWorker

from shop.config import Settings
from shop.kernel.parents import end_with_parent, pass_gate

settings = Settings.from_env()

bind = f"{os.environ.get('HOST') or '127.0.0.1'}:{os.environ.get('PORT') or '8000'}"
workers = int(os.environ.get("WEB_CONCURRENCY") or "1")
if workers > 1 and (settings.on_sqlite or not settings.redis_url):
    sys.exit("WEB_CONCURRENCY above 1 needs PostgreSQL in DATABASE_URL, and REDIS_URL")


class Worker(GeventWorker):
    """gevent's, which leaves a viewer's connection to the shop (``shop/web/live_lines.py``)."""

    def is_already_handled(self, respiter: Any) -> bool:
        """Ends the keep-alive loop of a connection that is not gunicorn's any more."""
        if getattr(respiter, "handed_over", False):
            raise StopIteration
        return bool(super().is_already_handled(respiter))


worker_class = Worker
worker_connections = 20_000
backlog = 2048
timeout = 30
graceful_timeout = 5
keepalive = 5
control_socket_disable = True
proc_name = "village-live-shop"

limit_request_line = 4094
limit_request_fields = 60
limit_request_field_size = 8190
forwarded_allow_ips = ""  # the hops of SHOP_TRUSTED_PROXIES are counted in the application

accesslog = None
errorlog = "-"
loglevel = "warning"


def _spare_the_collector() -> None:
    """What the application is made of never becomes garbage: it is not looked through again.

    Requests free almost all they use by themselves; the usual thresholds look for cycles several
    times in each of them, which is a tenth of its time and more.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 20)


def on_starting(_server: object) -> None:
    """Under ``python -m shop`` the server ends when its parent is gone, however that went."""
    end_with_parent()


def post_worker_init(worker: Any) -> None:
    """The application is loaded; it serves when the database is ready."""
    worker.wsgi.config["SERVER_LETS_GO"] = True
    _spare_the_collector()
    pass_gate(meanwhile=worker.notify)
