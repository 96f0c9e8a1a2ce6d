// What the wires of sockets need of a browser; src/core/wire of the repository has their facts. In the order of their numbers in src/js/machine.rs.

import { httpRequest, webSocket } from "./shell.js";
import { eventSource } from "./source.js";

const raw = { transports: { websocket: webSocket } };

/** Those of `everwire/raw`. */
export const rawWires = { raw };

// Not spread of `rawWires`: bundlers take that for something that happens, and keep it where nobody imports this.
export const allWires = {
  raw,
  relay: {
    own: ["ws+meta.nchan"],
    query: "last_event_id",
    transports: { websocket: webSocket, eventsource: eventSource, "long-poll": httpRequest },
    post: httpRequest,
  },
  "engine.io": { transports: { websocket: webSocket, "long-poll": httpRequest }, post: httpRequest },
};
