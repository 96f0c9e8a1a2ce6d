// All that an application does to use everwire: one import.

import { EventSource, ReconnectingEventSource, ReconnectingWebSocket } from "everwire";

const first = (one) => new Promise((resolve) => {
  one.onmessage = ({ data }) => {
    one.close();
    resolve(data);
  };
});

/** Opens one of each class, but sockets only where the host has them, and resolves to the first message of each. */
export const receive = async (server) => {
  const stream = `${server}/sse/greetings?first=oldest`;
  const events = first(new ReconnectingEventSource(stream));
  const strict = first(new EventSource(stream));
  if (!globalThis.WebSocket) return { events: await events, strict: await strict };
  const socket = new ReconnectingWebSocket(`${server}/ws/echo`);
  socket.send("hello");
  return { socket: await first(socket), events: await events, strict: await strict };
};
