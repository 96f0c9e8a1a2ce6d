// In the page of sse.mjs: reads events with one adapter, and tells what came of it.

/** Makes `read(url, count)`, which resolves when so many events have come, with the connection left open, and `end()`, which closes it. */
export const serve = (adapter) => {
  let connection;
  globalThis.read = (url, count) => new Promise((resolve, reject) => {
    let events = 0;
    let characters = 0;
    let check = 0;
    const each = (data, id) => {
      events += 1;
      characters += data.length;
      // Reads the end of the text, so that no one gets away with a text that is not there yet.
      check = (Math.imul(check, 31) + data.charCodeAt(data.length - 1) + id.length) | 0;
      if (events === count) resolve({ events, characters, check, lastId: id });
    };
    connection = adapter(url, each, reject);
  });
  globalThis.end = () => connection.close();
};
