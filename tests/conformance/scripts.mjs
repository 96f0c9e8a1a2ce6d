// What the server scripts do that the suites' tests ask for. The suites have them in Python; these are our own, written from what they
// answer. A script gets the request and gives `{ status, reason, headers, body, delay }`. Strings are bytes here, a character for each.

const stream = (body, more = {}) => ({ headers: { "Content-Type": "text/event-stream" }, body, ...more });

const bytes = (text) => Buffer.from(text).toString("latin1");

const setCookie = (name, value, more = "") => `${name}=${value}; Path=/${more}`;
const dropCookie = (name) => setCookie(name, "", "; Max-Age=0");

/** One event with the type, body and pause that the query asks for. */
function message({ query }) {
  const { mime = "text/event-stream", message: body = "data: data", newline, sleep = "0" } = query;
  return { headers: { "Content-Type": mime }, body: `${body}${newline === "none" ? "" : "\n\n"}\n`, delay: Number(sleep) };
}

/** Three events among lines that are none. */
function message2() {
  return stream("data:msg\ndata: msg\n\n:\nunknown:msg\n\nunknown:msg\nData:data\n\ndata\n\ndata:end\n\n");
}

/** The first answer has an id, each later one tells the id that came. */
function lastEventId({ query, headers }) {
  const id = headers["last-event-id"];
  return stream(id ? `data: ${id}\n\n` : `id: ${query.idvalue ?? bytes("…")}\nretry: 200\ndata: hello\n\n`);
}

/** Events whose ids last or are taken back. */
function lastEventId2({ query }) {
  const streams = {
    1: "id: 1\ndata: 1\n\ndata: 2\n\nid: 2\ndata:3\n\ndata:4\n\n",
    2: "id: 1\ndata: 1\n\nid:\ndata:2\n\ndata:3\n\n",
    3: "id: 1\ndata: 1\n\nid\ndata:2\n\ndata:3\n\n",
  };
  return stream(streams[query.type ?? 1]);
}

function statusError({ query }) {
  const status = Number(query.status ?? 404);
  return stream([204, 205].includes(status) ? "" : "data: data\n\n", { status, reason: "Test" });
}

/** Notes by a cookie that it was here; only the second answer has the event. */
function statusReconnect({ query, cookies }) {
  const status = query.status ?? "204";
  const name = `request${query.id ?? status}`;
  if (cookies[name] === status) return withCookie(stream("data: data\n\n"), dropCookie(name));
  const body = `retry: 2\n${"ok_first" in query ? "data: ok\n\n" : ""}`;
  return withCookie(stream(body, { status: Number(status), reason: "Test" }), setCookie(name, status));
}

/** Two streams that end, then the answer that means: do not come back. */
function reconnectFail({ query, cookies }) {
  const name = `recon_fail_${query.id}`;
  const state = cookies[name];
  if (state === "opened") return withCookie(stream("data: reconnected\n\n"), setCookie(name, "reconnected"));
  if (state === "reconnected") return withCookie(stream("", { status: 204 }), dropCookie(name));
  return withCookie(stream("retry: 2\ndata: opened\n\n"), setCookie(name, "opened"));
}

function redirect({ query }) {
  return { status: Number(query.status ?? 302), headers: { Location: query.location } };
}

/** Tells a header of the request, as the templates `*.event_stream` of the suite do. */
const tell = (name) => ({ headers }) => stream(`data: ${headers[name] ?? ""}\n\n`);

// As the suite's scripts fail without one; a request in the mode no-cors has none.
const noOrigin = { status: 500, headers: { "Content-Type": "text/plain" }, body: "there is no origin" };

/** Another script's answer, readable from the origin that asked, or that the query names. */
function cors(request) {
  const { query, headers } = request;
  const origin = query.origin ?? headers.origin;
  if (origin === undefined) return noOrigin;
  const answer = { message, redirect, "status-reconnect": statusReconnect, "cache-control": tell("cache-control") }[query.run](request);
  return withHeaders(answer, {
    "Access-Control-Allow-Origin": origin,
    "Access-Control-Allow-Credentials": query.credentials ?? "true",
  });
}

/** Sets a cookie, and tells in the next answer whether it came back. */
function corsCookie({ query, headers, cookies }) {
  const ident = query.ident ?? "test";
  const origin = query.origin ?? headers.origin;
  if (origin === undefined) return noOrigin;
  const had = ident in cookies ? "COOKIE" : "NO_COOKIE";
  const answers = {
    "": () => withCookie(stream(`id: 1\nretry: 200\ndata: first ${had}\n\n`), setCookie(ident, "COOKIE")),
    1: () => withCookie(stream(`id: 2\ndata: second ${had}\n\n`), dropCookie(ident)),
  };
  const stop = () => ({ headers: { "Content-Type": "stop" }, body: "" });
  const answer = (answers[headers["last-event-id"] ?? ""] ?? stop)();
  const allowed = {};
  if (origin !== "none") allowed["Access-Control-Allow-Origin"] = origin;
  if (query.credentials !== "none") allowed["Access-Control-Allow-Credentials"] = query.credentials ?? "true";
  return withHeaders(answer, allowed);
}

/** Whether an id that CORS deems unsafe is asked for before it is sent. */
function corsUnsafeLastEventId({ method, query, headers, stash }) {
  const ids = { safe: "abc", unsafe: "e5p3n<3k0k0s", long: "a".repeat(255) };
  const wanted = ids[query.fixture];
  const asked = headers["access-control-request-headers"];
  const allowed = {};
  if (headers.origin) allowed["Access-Control-Allow-Origin"] = headers.origin;
  if (asked) allowed["Access-Control-Allow-Headers"] = asked;
  if (method === "OPTIONS") {
    stash.set(query.token, asked);
    return { headers: allowed, body: "" };
  }
  const answer = (body) => withHeaders(stream(body), { ...allowed, "Cache-Control": "no-store" });
  const id = headers["last-event-id"];
  if (!id) return answer(`id: ${wanted}\nretry: 200\ndata: ${query.fixture}\n\n`);
  const preflight = stash.get(query.token);
  stash.delete(query.token);
  const due = query.fixture === "safe" ? undefined : "last-event-id";
  const verdict = preflight === due && id === wanted ? "success" : "failure";
  return answer(`event: ${verdict}\ndata: preflight for ${preflight} and id ${id}, due were ${due} and ${wanted}\n\n`);
}

/** Sets the cookie that the whole query is. */
function setCookieOfQuery({ query }) {
  return { headers: { "Content-Type": "text/plain", "Set-Cookie": Object.keys(query)[0] }, body: "" };
}

/** Whether a script could set a header that is a browser's own. */
function checkKey({ headers }) {
  return { headers: { "Content-Type": "text/plain" }, body: "sec-websocket-key" in headers ? "FAIL" : "PASS" };
}

function moved() {
  return { status: 301, headers: { Location: "/echo" }, body: "" };
}

function withHeaders(answer, headers) {
  return { ...answer, headers: { ...answer.headers, ...headers } };
}

function withCookie(answer, cookie) {
  return withHeaders(answer, { "Set-Cookie": cookie });
}

export const scripts = {
  "/common/redirect.py": redirect,
  "/eventsource/resources/accept.event_stream": tell("accept"),
  "/eventsource/resources/cache-control.event_stream": tell("cache-control"),
  "/eventsource/resources/cors.py": cors,
  "/eventsource/resources/cors-cookie.py": corsCookie,
  "/eventsource/resources/cors-unsafe-last-event-id.py": corsUnsafeLastEventId,
  "/eventsource/resources/last-event-id.py": lastEventId,
  "/eventsource/resources/last-event-id2.py": lastEventId2,
  "/eventsource/resources/message.py": message,
  "/eventsource/resources/message2.py": message2,
  "/eventsource/resources/reconnect-fail.py": reconnectFail,
  "/eventsource/resources/status-error.py": statusError,
  "/eventsource/resources/status-reconnect.py": statusReconnect,
  "/websockets/cookies/support/set-cookie.py": setCookieOfQuery,
  "/websockets/opening-handshake/resources/redirect_response.py": moved,
  "/websockets/security/check.py": checkKey,
};
