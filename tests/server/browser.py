"""A browser at the level of bytes: it reads as slowly as it likes, and leaves when it likes."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any


@dataclass
class Browser:
    """One connection with one call on it."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    status: int = 0
    headers: dict[str, str] = field(default_factory=dict)

    async def send(self, method: str, path: str, headers: Mapping[str, str]) -> None:
        """The head of a call; `path` is whole, with the base URL."""
        lines = [f"{method} {path} HTTP/1.1", "Host: localhost", *(f"{name}: {value}" for name, value in headers.items())]
        self.writer.write("\r\n".join([*lines, "", ""]).encode())
        await self.writer.drain()

    async def head(self) -> None:
        """Wait for the answer's status and headers."""
        lines = (await self.reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
        self.status = int(lines[0].split()[1])
        pairs = (line.partition(":") for line in lines[1:] if line)
        self.headers = {name.lower(): value.strip() for name, _, value in pairs}

    async def body(self) -> bytes:
        """The whole body of an answer that tells its length."""
        return await self.reader.readexactly(int(self.headers["content-length"]))

    async def chunk(self) -> bytes:
        """The next piece of an answer in chunks; b'' at its end."""
        length = int(await self.reader.readuntil(b"\r\n"), 16)
        piece = await self.reader.readexactly(length)
        await self.reader.readexactly(2)
        return piece

    async def chunks(self) -> bytes:
        """The whole body of an answer in chunks."""
        body = b""
        while piece := await self.chunk():
            body += piece
        return body

    async def news(self) -> AsyncIterator[dict[str, Any]]:
        """The events of a server-sent stream: its fields, `data` as JSON; a comment is {'comment': ...}."""
        text = b""
        while piece := await self.chunk():
            text += piece
            while b"\n\n" in text:
                block, text = text.split(b"\n\n", 1)
                yield _event(block.decode())

    def leave(self) -> None:
        self.writer.transport.abort()       # `close` would wait until everything is sent


@asynccontextmanager
async def browser(port: int) -> AsyncIterator[Browser]:
    reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=1 << 16)
    try:
        yield Browser(reader, writer)
    finally:
        writer.transport.abort()
        with contextlib.suppress(OSError):
            await writer.wait_closed()


def _event(block: str) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for line in block.split("\n"):
        name, _, value = line.partition(":")
        found[name or "comment"] = value.strip()
    if "data" in found:
        found["data"] = json.loads(found["data"])
    return found
