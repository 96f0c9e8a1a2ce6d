import ReconnectingWebSocket from "reconnecting-websocket";

export default (hear, fail) => new Promise((resolve) => {
  const socket = new ReconnectingWebSocket(`ws://${location.host}/ws`);
  socket.binaryType = "arraybuffer";
  socket.addEventListener("message", ({ data }) => hear(data));
  socket.addEventListener("close", () => fail(new Error("it closed")));
  socket.addEventListener("open", () => resolve({ send: (data) => socket.send(data) }));
});
