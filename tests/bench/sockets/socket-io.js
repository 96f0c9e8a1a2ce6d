import { io } from "socket.io-client";

export const over = (transport) => (hear, fail) => new Promise((resolve) => {
  const socket = io({ transports: [transport] });
  socket.on("m", hear);
  socket.on("disconnect", (reason) => fail(new Error(reason)));
  socket.on("connect", () => resolve({ send: (data) => socket.emit("m", data) }));
});

export default over("websocket");
