// ReconnectingWebSocket over one wire and one transport.
import { ReconnectingWebSocket } from "../../../pkg/index.js";

export const over = (path, options) => (hear, fail) => new Promise((resolve) => {
  const socket = new ReconnectingWebSocket(`ws://${location.host}${path}`, [], options);
  socket.binaryType = "arraybuffer";
  socket.addEventListener("message", ({ data }) => hear(data));
  socket.addEventListener("close", ({ code }) => fail(new Error(`it closed with ${code}`)));
  socket.addEventListener("reconnecting", ({ cause }) => fail(new Error(cause.message)));
  socket.addEventListener("open", () => resolve({ send: (data) => socket.send(data) }));
});
