// What getAllResponseHeaders gives: lower-case names, one a line.

/** A header by name. Asking for one at a time would log an error for each that CORS does not expose. */
export const header = (xhr) => (name) => {
  // This one is exposed always; and in a worker, Firefox gives it also when the request has failed meanwhile, but not the list.
  if (name === "content-type") return xhr.getResponseHeader(name);
  return new RegExp(`^${name}: (.*)`, "im").exec(xhr.getAllResponseHeaders())?.[1] ?? null;
};
