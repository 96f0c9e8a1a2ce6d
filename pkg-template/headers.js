// What getAllResponseHeaders gives: lower-case names, one a line.

/** A header by name. Asking for one at a time would log an error for each that CORS does not expose. */
export const header = (xhr) => (name) => new RegExp(`^${name}: (.*)`, "im").exec(xhr.getAllResponseHeaders())?.[1] ?? null;
