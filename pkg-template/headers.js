// The headers of an XMLHttpRequest's response.

/**
 * Gives a header by name; undefined while they are not shown. When a request has failed, Firefox hides the list of them from a worker, and from
 * another origin's the type as well, before it tells the worker of the failure. That is no response without a type, which would be final.
 */
export const header = (xhr) => {
  // This one is exposed always. It is asked for before the list, so that what is in the list was not hidden here.
  const type = xhr.getResponseHeader("content-type");
  // Lower-case names, one a line. Asking for one at a time would log an error for each that CORS does not expose.
  const all = xhr.getAllResponseHeaders();
  if (type === null && !all && xhr.readyState < 4) return undefined;
  return (name) => (name === "content-type" ? type : new RegExp(`^${name}: (.*)`, "im").exec(all)?.[1] ?? null);
};
