// The chat: what survives a break, in both directions.
//
// Receiving is the library's business: it resumes after the last id. Sending is shared. The library delivers what it still
// holds; but a message that was on its way when the wire was cut may or may not have arrived, and only its echo can tell. So a
// message stays "sending…" until the server sends it back, is sent again when a reconnect brought no echo, and carries a
// uuid by which every reader shows it once. This is the one part of "exactly once" that no transport can do for you.

import { time } from "./format.js";

/** After a reconnect the echoes that were missed come first. Only what they leave open is sent again. */
const GRACE = 1500;
const SHOWN = 200;
const REMEMBERED = 20_000;
/** The log is announced to screen readers only once the history has been quiet for this long. */
const SETTLED = 600;

export function mountChat(socket) {
  const log = document.getElementById("chat-log");
  const form = document.getElementById("chat-form");
  const name = document.getElementById("chat-name");
  const input = document.getElementById("chat-input");
  const note = document.getElementById("chat-note");
  const via = document.getElementById("chat-via");

  /** Ours, without an echo yet: uuid → what was sent. */
  const pending = new Map();
  /** Shown already. Bounded: a Set forgets its oldest first. */
  const seen = new Set();
  const mine = new Set();
  let grace = 0;
  let settling = 0;

  name.value = sessionStorage.getItem("everwire-name") ?? invented();
  name.addEventListener("change", () => {
    name.value = name.value.trim() || invented();
    sessionStorage.setItem("everwire-name", name.value);
  });
  sessionStorage.setItem("everwire-name", name.value);

  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const text = input.value.trim();
    if (text === "") return;
    const message = { id: crypto.randomUUID(), from: name.value.trim() || "someone", text, at: Date.now() };
    if (post(message) === "refused") {
      // The text stays in the box: refusing is the library telling us that it is still ours.
      note.textContent = "Not accepted: too much is waiting to be sent already. Try again in a moment.";
      return;
    }
    note.textContent = "";
    mine.add(message.id);
    show(message, "pending");
    input.value = "";
  });

  function post(message) {
    const outcome = socket.send(JSON.stringify(message));
    if (outcome !== "refused") pending.set(message.id, message);
    return outcome;
  }

  socket.addEventListener("message", (event) => {
    const message = parse(event);
    const waiting = log.querySelector(`[data-id="${CSS.escape(message.id)}"].pending`);
    pending.delete(message.id);
    if (waiting) {
      // Its place is where the server put it, so that all tabs show one order.
      waiting.classList.remove("pending");
      waiting.querySelector(".mark").remove();
      place(waiting);
    } else if (!seen.has(message.id)) {
      show(message, mine.has(message.id) ? "mine" : "");
    }
    remember(message.id);
    settle();
  });

  function show(message, kind) {
    place(row(message, kind));
  }

  function place(element) {
    // Follow the newest, unless the reader has scrolled up to read.
    const following = log.scrollHeight - log.scrollTop - log.clientHeight < 48;
    // Echoed messages go before those that still wait for theirs.
    const before = element.classList.contains("pending") ? null : log.querySelector(".pending");
    if (element.nextElementSibling !== before || !element.isConnected) log.insertBefore(element, before);
    while (log.childElementCount > SHOWN) log.firstElementChild.remove();
    if (following) log.scrollTop = log.scrollHeight;
  }

  function remember(id) {
    seen.add(id);
    if (seen.size > REMEMBERED) seen.delete(seen.values().next().value);
  }

  // After a reconnect: wait for the echoes, then send again what has none.
  function arm() {
    clearTimeout(grace);
    if (pending.size === 0) return;
    grace = setTimeout(() => {
      if (socket.state !== "open") return;
      for (const message of pending.values()) post(message);
    }, GRACE);
  }
  socket.addEventListener("statechange", () => {
    if (socket.state === "open") arm();
    describe();
  });
  // The library gave a message back: it is not on its way any more, so it needs no new break to be sent again.
  socket.addEventListener("dropped", arm);
  socket.addEventListener("transportchange", describe);

  // History comes as one burst. Read out, it would take minutes: the log is busy until it has settled.
  function settle() {
    if (log.getAttribute("aria-busy") !== "true") return;
    clearTimeout(settling);
    settling = setTimeout(() => log.setAttribute("aria-busy", "false"), SETTLED);
  }
  socket.addEventListener("open", settle);

  function describe() {
    via.dataset.transport = socket.state === "open" ? socket.transport : "none";
    via.textContent = socket.state === "open"
      ? WAYS[socket.transport]
      : socket.state === "closed" ? "closed" : "reconnecting, you can go on writing";
  }
  describe();
}

/** How the chat goes, for people. */
const WAYS = {
  websocket: "by WebSocket",
  eventsource: "by server-sent events: WebSocket does not get through",
  "long-poll": "by long-polling: WebSocket does not get through",
};

/** A message as the page knows it. Anybody may publish to the relay, so nothing is taken for granted. */
function parse(event) {
  const fallback = { id: event.lastEventId, from: "someone", text: String(event.data), at: Date.now() };
  try {
    const { id, from, text, at } = JSON.parse(event.data);
    if (typeof id !== "string" || typeof text !== "string") return fallback;
    return { id, text: text.slice(0, 2000), from: String(from ?? "someone").slice(0, 24), at: Number(at) || Date.now() };
  } catch {
    return fallback;
  }
}

function row(message, kind) {
  const element = document.createElement("p");
  element.className = `message ${kind === "pending" ? "mine pending" : kind}`;
  element.dataset.testid = "chat-message";
  element.dataset.id = message.id;

  const who = document.createElement("b");
  who.textContent = message.from;
  who.style.setProperty("--hue", hue(message.from));
  const text = document.createElement("span");
  text.className = "said";
  text.textContent = message.text;
  const when = document.createElement("time");
  when.dateTime = new Date(message.at).toISOString();
  when.textContent = time(message.at).slice(0, 5);
  element.append(who, " ", text, " ");
  if (kind === "pending") {
    const mark = document.createElement("span");
    mark.className = "mark";
    mark.textContent = "sending…";
    element.append(mark, " ");
  }
  element.append(when);
  return element;
}

/** A steady colour per name. */
function hue(text) {
  let sum = 7;
  for (const letter of text) sum = (sum * 31 + letter.codePointAt(0)) % 360;
  return sum;
}

function invented() {
  const pick = (words) => words[Math.floor(Math.random() * words.length)];
  return `${pick(["Quiet", "Swift", "Amber", "Early", "Brisk", "Northern", "Gentle", "Bold"])} ${
    pick(["Heron", "Otter", "Lynx", "Finch", "Marten", "Plover", "Hare", "Swan"])}`;
}
