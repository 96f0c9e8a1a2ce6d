import { fetchEventSource } from "@microsoft/fetch-event-source";

export default (url, each, fail) => {
  const controller = new AbortController();
  fetchEventSource(url, {
    signal: controller.signal,
    onmessage: (message) => each(message.data, message.id),
    onerror: (error) => { throw error; },
  }).catch(fail);
  return { close: () => controller.abort() };
};
