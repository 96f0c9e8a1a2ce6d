// Runs what a test sends, in a page or a worker, as a classic script or a module.

/** Resolves to `{ value }`, or `{ error }` as a text. */
globalThis.carryOut = async (source, argument) => {
  try {
    return { value: await (0, eval)(`(${source})`)(argument) };
  } catch (error) {
    return { error: String(error?.stack ?? error) };
  }
};

// Where it is a worker: the answer goes to the port that comes with the question.
if (!globalThis.document) {
  const answer = async ({ data: { source, argument }, ports: [port] }) => port.postMessage(await carryOut(source, argument));
  globalThis.onmessage = answer;
  globalThis.onconnect = ({ ports: [port] }) => { port.onmessage = answer; };
}
