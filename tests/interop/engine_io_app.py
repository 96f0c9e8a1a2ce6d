"""The test application on PyPI's python-engineio and python-socketio; see socket-servers.mjs.

Usage: python engine_io_app.py INTERVAL TIMEOUT PAYLOAD
"""

import asyncio
import logging
import re
import socket
import sys

import engineio
import socketio
import uvicorn

interval, timeout, payload = map(int, sys.argv[1:])
options = {
    "async_mode": "asgi",
    "ping_interval": interval / 1000,
    "ping_timeout": timeout / 1000,
    "max_http_buffer_size": payload,
    # Else a message may overtake another one.
    "async_handlers": False,
}
engine = engineio.AsyncServer(**options)
io = socketio.AsyncServer(**options)


async def hear(data, say):
    """Does with a message what this application does."""
    count = isinstance(data, str) and re.fullmatch(r"count (\d+)", data)
    if not count:
        return await say(data)

    async def speak():
        for number in range(int(count[1])):
            await say(f"down {number}")
            await asyncio.sleep(0.001)

    engine.start_background_task(speak)


@engine.on("message")
async def message(sid, data):
    await hear(data, lambda answer: engine.send(sid, answer))


@io.on("text")
async def text(sid, data):
    await hear(data, lambda answer: io.emit("text", answer, to=sid))


@io.on("bytes")
async def binary(sid, data):
    await hear(data, lambda answer: io.emit("bytes", answer, to=sid))


app = socketio.ASGIApp(io, other_asgi_app=engineio.ASGIApp(engine))
# They warn of every session that they do not know any more, and go on after exceptions; only of those we want to read.
for name in ("engineio.server", "socketio.server"):
    logging.getLogger(name).addFilter(lambda record: record.exc_info is not None)
listener = socket.create_server(("127.0.0.1", 0))
print(f"http://127.0.0.1:{listener.getsockname()[1]}", flush=True)
uvicorn.Server(uvicorn.Config(app, log_level="error", ws="wsproto")).run(sockets=[listener])
