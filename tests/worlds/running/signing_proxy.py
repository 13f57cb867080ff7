"""A reverse proxy on this machine that has signed people on: it says who asks, with its proof."""

from __future__ import annotations

import asyncio
import threading
from contextlib import suppress

#: The most bytes that the head of a request may have.
_HEAD = 1 << 16
#: Of one hop alone; the proxy says for itself that a connection carries one request.
_HOP = ("connection", "keep-alive")


class SigningProxy:
    """Passes HTTP and web sockets on to a server, with headers that say who asks.

    Attributes:
        address: where browsers ask it.
        person: who is signed on, by the proxy's word: its headers; None: nobody.
        secret: what it proves itself by: the header and its value.
    """

    def __init__(self, server_port: int, secret: tuple[str, str]) -> None:
        self.person: dict[str, str] | None = None
        self.secret = secret
        self._to = server_port
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        made = asyncio.run_coroutine_threadsafe(
            asyncio.start_server(self._asked, "127.0.0.1", 0, limit=_HEAD), self._loop
        )
        self._server = made.result()
        self.port: int = self._server.sockets[0].getsockname()[1]
        self.address = f"http://127.0.0.1:{self.port}"

    def stop(self) -> None:
        """Ask nobody any more."""
        self._loop.call_soon_threadsafe(self._server.close)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()

    async def _asked(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
            server, to_server = await asyncio.open_connection("127.0.0.1", self._to)
            to_server.write(self._said(head).encode("latin-1"))
            await asyncio.gather(_piped(reader, to_server), _piped(server, writer))
        writer.close()

    def _said(self, head: str) -> str:
        """The head as it is passed on: nothing that a browser says of these headers counts."""
        first, *lines = head.removesuffix("\r\n\r\n").split("\r\n")
        upgraded = any(line.lower().startswith("upgrade:") for line in lines)
        ours = {self.secret[0]: self.secret[1], **(self.person or {})}
        taken = {name.lower() for name in ours} | (set() if upgraded else set(_HOP))
        kept = [line for line in lines if line.partition(":")[0].lower() not in taken]
        kept += [f"{name}: {value}" for name, value in ours.items()]
        if not upgraded:
            kept.append("Connection: close")
        return "\r\n".join([first, *kept, "", ""])


async def _piped(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(OSError):
        while part := await reader.read(1 << 16):
            writer.write(part)
            await writer.drain()
    with suppress(OSError):
        writer.close()
