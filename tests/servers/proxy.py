"""A line between a caller and the shop that may lose what comes back."""

import socket
import threading
from types import TracebackType
from typing import Self


class LossyLine:
    """Carries one request a connection; while it ``loses``, the reply is heard here alone."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self.loses = False
        self.lost: list[bytes] = []

    def __enter__(self) -> Self:
        threading.Thread(target=self._serve, daemon=True).start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        tb: TracebackType | None,
    ) -> None:
        self._listener.close()

    def _serve(self) -> None:
        while True:
            try:
                caller, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._carry, args=(caller,), daemon=True).start()

    def _carry(self, caller: socket.socket) -> None:
        with caller, socket.create_connection(("127.0.0.1", self._port), timeout=15) as shop:
            threading.Thread(target=_pump, args=(caller, shop), daemon=True).start()
            reply = b""
            while chunk := shop.recv(65536):
                reply += chunk
            if self.loses:
                self.lost.append(reply)
            else:
                caller.sendall(reply)
            # Closing alone would wait for the thread that still listens to the caller.
            caller.shutdown(socket.SHUT_RDWR)


def _pump(caller: socket.socket, shop: socket.socket) -> None:
    try:
        while chunk := caller.recv(65536):
            shop.sendall(chunk)
    except OSError:
        return
