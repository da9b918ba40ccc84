"""Runs localstripe in a process of its own, on loopback only; prints its port."""

import socket

from aiohttp import web
from localstripe.resources import Store
from localstripe.server import app


def _keep_in_memory(self: Store) -> None:
    """localstripe would pickle all it knows to one fixed file after each request."""


if __name__ == "__main__":
    Store.dump_to_disk = _keep_in_memory
    listener = socket.create_server(("127.0.0.1", 0))
    print(listener.getsockname()[1], flush=True)
    web.run_app(app, sock=listener, print=None)
