"""The test application on PyPI's sse-starlette. Usage: python sse_starlette_app.py FOLDER, where the moods are; see servers.mjs."""

import asyncio
import logging
import socket
import sys
from collections import defaultdict
from pathlib import Path

import uvicorn
from sse_starlette import EventSourceResponse
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Route

MOODS = Path(sys.argv[1])
# Beyond ASCII, so that the id which comes back has to be UTF-8.
ID = "№"


class Channel:
    def __init__(self):
        self.events = []
        self.news = asyncio.Event()

    def publish(self, data, kind):
        event = {"id": f"{ID}{len(self.events) + 1}", "data": data, "event": kind}
        self.events.append(event)
        self.news.set()
        self.news = asyncio.Event()
        return event["id"]

    async def after(self, count, ending):
        """The events after the first so many; `ending`: only until there was something to give."""
        yield {"retry": 100}
        while True:
            while count < len(self.events):
                yield self.events[count]
                count += 1
                if ending and count == len(self.events):
                    return
            await self.news.wait()


channels = defaultdict(Channel)


def header(request, name):
    """Starlette reads headers as Latin-1."""
    return request.headers.get(name, "").encode("latin-1").decode()


async def subscribe(request):
    name, what = request.path_params["name"], request.path_params["what"]
    for mood in ("204", "500", "html"):
        if (MOODS / f"{name}-{mood}").exists():
            return HTMLResponse("<p>not events</p>") if mood == "html" else Response(status_code=int(mood))
    last = header(request, "last-event-id") or request.query_params.get("last_event_id", "")
    events = channels[name].after(int(last.removeprefix(ID) or 0), what == "ending")
    return EventSourceResponse(events, ping=0.2 if what == "pinged" else 0)


async def publish(request):
    data = (await request.body()).decode()
    kind = header(request, "x-eventsource-event") or None
    return JSONResponse({"last_message_id": channels[request.path_params["name"]].publish(data, kind)})


app = Starlette(
    routes=[Route("/publish/{name}", publish, methods=["POST"]), Route("/{what}/{name}", subscribe)],
    middleware=[Middleware(CORSMiddleware, allow_origins=["*"], allow_headers=["Last-Event-ID"])],
)

# It warns of every write to a client that has gone.
logging.getLogger("asyncio").setLevel(logging.ERROR)
listener = socket.create_server(("127.0.0.1", 0))
print(f"http://127.0.0.1:{listener.getsockname()[1]}", flush=True)
uvicorn.Server(uvicorn.Config(app, log_level="warning")).run(sockets=[listener])
