// What the wires of sockets need of a browser; src/core/wire of the repository has their facts. In the order of their numbers in src/js/machine.rs.

import { httpRequest, webSocket } from "./shell.js";
import { eventSource } from "./source.js";

/** Those of `everwire/raw`. */
export const rawWires = { raw: { transports: { websocket: webSocket } } };

export const allWires = {
  ...rawWires,
  relay: {
    own: ["ws+meta.nchan"],
    query: "last_event_id",
    transports: { websocket: webSocket, eventsource: eventSource, "long-poll": httpRequest },
    post: httpRequest,
  },
  "engine.io": { transports: { websocket: webSocket, "long-poll": httpRequest }, post: httpRequest },
};
