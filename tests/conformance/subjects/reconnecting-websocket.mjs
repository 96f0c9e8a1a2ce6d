// reconnecting-websocket in the place of the native WebSocket.
import ReconnectingWebSocket from "reconnecting-websocket";

const { WebSocket } = self;

// It would ask for the global class when it connects, which is itself then.
self.WebSocket = class extends ReconnectingWebSocket {
  constructor(url, protocols) {
    super(url, protocols, { WebSocket });
  }
};
