// The browser's own EventSource, by which everything else is divided.
export default (url, each) => {
  const source = new EventSource(url);
  source.addEventListener("message", (event) => each(event.data, event.lastEventId));
  return { close: () => source.close() };
};
