"""A TCP line that can be cut, closed or stalled: it stands before a server, or before several."""

import asyncio
import threading
from collections.abc import Callable, Coroutine
from contextlib import suppress
from types import TracebackType
from typing import Any, Self


class Lane:
    """Carries connections to one of ``ports`` in turn; all acts are safe from any thread."""

    def __init__(self, *ports: int) -> None:
        self.ports = list(ports)
        self.port = 0
        self._turn = 0
        self._closed = False
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._lines: set[asyncio.StreamWriter] = set()

    def __enter__(self) -> Self:
        self._thread.start()
        self._do(self._open())
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        tb: TracebackType | None,
    ) -> None:
        self._do(self._end())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()

    def cut(self) -> None:
        """Break every connection; new ones are carried."""
        self._call(self._cut)

    def close(self) -> None:
        """Break every connection and carry no new one until ``heal``."""
        self._closed = True
        self._call(self._cut)

    def stall(self) -> None:
        """Keep connections, new ones too, and carry nothing until ``heal``."""
        self._call(self._flows.clear)

    def heal(self) -> None:
        self._closed = False
        self._call(self._flows.set)

    def _do(self, what: Coroutine[Any, Any, None]) -> None:
        asyncio.run_coroutine_threadsafe(what, self._loop).result(10)

    def _call(self, what: Callable[[], None]) -> None:
        async def run() -> None:
            what()

        self._do(run())

    async def _open(self) -> None:
        self._flows = asyncio.Event()
        self._flows.set()
        self._server = await asyncio.start_server(self._carry, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]

    async def _end(self) -> None:
        self._server.close()
        self._flows.set()
        self._cut()
        own = asyncio.current_task()
        others = [task for task in asyncio.all_tasks() if task is not own]
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)

    def _cut(self) -> None:
        for line in list(self._lines):
            line.transport.abort()

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            there = None if self._closed else await self._reach()
            if there is None:
                return
            far_reader, far_writer = there
            self._lines |= {writer, far_writer}
            await asyncio.gather(self._pump(reader, far_writer), self._pump(far_reader, writer))
        except asyncio.CancelledError:
            # The lane ends; asyncio would report a cancelled connection as an accident.
            return
        finally:
            writer.transport.abort()

    async def _reach(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter] | None:
        """The next server that answers."""
        for _ in self.ports:
            self._turn += 1
            port = self.ports[self._turn % len(self.ports)]
            with suppress(OSError):
                return await asyncio.open_connection("127.0.0.1", port)
        return None

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Carry one direction to its end, and tell the other side of it."""
        try:
            with suppress(OSError):
                while chunk := await reader.read(65536):
                    await self._flows.wait()
                    writer.write(chunk)
                    await writer.drain()
        finally:
            self._lines.discard(writer)
            writer.close()
