"use client";
// Rendered on the server, where it is imported and nothing more; in the page it receives, once it is hydrated.
import { ReconnectingEventSource, ReconnectingWebSocket } from "everwire";
import { useEffect, useState } from "react";

export default function Receive({ server }) {
  const [received, setReceived] = useState({});
  useEffect(() => {
    const take = (name) => ({ data }) => setReceived((before) => ({ ...before, [name]: data }));
    const events = new ReconnectingEventSource(`${server}/sse/greetings?first=oldest`);
    events.onmessage = take("events");
    const socket = new ReconnectingWebSocket(`${server}/ws/echo`);
    socket.onmessage = take("socket");
    socket.send("hello");
    return () => {
      events.close();
      socket.close();
    };
  }, [server]);
  return <output data-closed={ReconnectingWebSocket.CLOSED}>{`${received.socket ?? "nothing"}, ${received.events ?? "nothing"}`}</output>;
}
