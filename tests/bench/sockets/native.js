// The browser's own WebSocket, by which everything else is divided.
export default (hear, fail) => new Promise((resolve) => {
  const socket = new WebSocket(`ws://${location.host}/ws`);
  socket.binaryType = "arraybuffer";
  socket.addEventListener("message", ({ data }) => hear(data));
  socket.addEventListener("close", ({ code }) => fail(new Error(`it closed with ${code}`)));
  socket.addEventListener("open", () => resolve({ send: (data) => socket.send(data) }));
});
