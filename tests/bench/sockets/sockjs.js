import SockJS from "sockjs-client";

export const over = (transport) => (hear, fail) => new Promise((resolve) => {
  const socket = new SockJS("/sockjs", undefined, { transports: [transport] });
  socket.onmessage = ({ data }) => hear(data);
  socket.onclose = ({ code }) => fail(new Error(`it closed with ${code}`));
  socket.onopen = () => resolve({ send: (data) => socket.send(data) });
});

export default over("websocket");
