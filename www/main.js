// Puts the page together: two connections, and the parts that read them.
//
// Everything the library is asked for is in `start`: two constructors, and an inspector that watches both. The rest of the page only
// listens.

import { mountAccount } from "./account.js";
import { announcer } from "./announce.js";
import { mountBreakage } from "./breakage.js";
import { mountChat } from "./chat.js";
import { Continuity } from "./continuity.js";
import { mountPrices } from "./prices.js";
import { mountTask } from "./task.js";

const byId = (id) => document.getElementById(id);

function start({ ReconnectingEventSource, ReconnectingWebSocket }) {
  // The feed ticks five times a second, so six silent seconds mean that it is dead, whatever TCP believes.
  const stream = new ReconnectingEventSource("/sse/prices", { silenceTimeout: 6000 });

  // The relay speaks WebSocket, server-sent events and long-polling on one URL, with one kind of id: that is what makes the fallback lossless.
  const relay = new URL("/relay/chat", location.href);
  relay.protocol = relay.protocol === "https:" ? "wss:" : "ws:";
  const socket = new ReconnectingWebSocket(relay, [], { wire: "relay" });

  const counters = { stream: new Continuity(), socket: new Continuity() };
  const inspector = byId("inspector");
  inspector.watch(stream, "stream");
  inspector.watch(socket, "socket");

  mountAccount({ stream, socket, counters, inspector, announce: announcer(byId("announcer")) });
  mountPrices(stream);
  mountChat(socket);
  mountTask(ReconnectingEventSource);
  mountBreakage(inspector);

  // For tests, and for whoever opens the console.
  window.everwireDemo = { stream, socket, counters };
}

// Imported late only so that a missing build is one readable sentence. An application imports it at the top.
Promise.all([import("/pkg/index.js"), import("/pkg/devtools.js")]).then(([everwire]) => start(everwire), (error) => {
  const trouble = byId("trouble");
  trouble.textContent = `The package could not be loaded from /pkg/. Run “make package”, then reload. (${error.message})`;
  trouble.hidden = false;
});
