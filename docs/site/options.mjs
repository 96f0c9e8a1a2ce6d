// Writes docs/options.md from the types of the package: `node docs/site/options.mjs`, which `make docs` runs. What an option is, is said once,
// in its comment in pkg-template/index.d.ts; editors show it there. tests/docs/options.test.mjs fails where the page is not what they say.

import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parse } from "@babel/parser";
import { root } from "./markdown.mjs";

/**
 * The sections: a title, what stands under it, and the interfaces whose members it lists. In place of an interface, `Name.member` is what a
 * member of one has of its own.
 */
const SECTIONS = [
  ["Both classes", "", ["ConnectionOptions"]],
  ["`reconnect`", "The first retry, and the later ones; [the storm](storm.md) shows what the defaults are for.", ["ReconnectOptions"]],
  ["`resume`", "How to go on after the last id; [resuming](sockets.md#resuming).", ["ResumeOptions"]],
  ["`resume` of a socket", "Beside those above.", ["WebSocketOptions.resume"]],
  ["`resume` of an event stream", "Beside those above.", ["EventSourceOptions.resume"]],
  ["`ReconnectingWebSocket`", "`new ReconnectingWebSocket(url, protocols, options)`: beside those of both classes.", ["WebSocketOptions"]],
  ["`outbox`", "What may wait; [what `send` says](sockets.md#what-send-says).", ["WebSocketOptions.outbox"]],
  ["`heartbeat`", "For the wire `raw`; [dead sockets](sockets.md#dead-sockets).", ["WebSocketOptions.heartbeat"]],
  ["`send`", "`socket.send(data, options)`", ["SendOptions"]],
  ["`ReconnectingEventSource`", "`new ReconnectingEventSource(url, options)`: beside those of both classes.", ["EventSourceOptions"]],
  ["`events`", "`connection.events(types, options)`, which gives an asynchronous iterator.", ["IterateOptions"]],
  ["The strict `EventSource`", "`new EventSource(url, init)`: beside `withCredentials`, which the standard has. Absent, they change nothing.",
    ["StrictEventSourceInit"]],
];

const path = "pkg-template/index.d.ts";
const source = readFileSync(join(root, path), "utf8");
const { program } = parse(source, { sourceType: "module", plugins: [["typescript", { dts: true }]] });

/** The interfaces by name. */
export const interfaces = new Map(program.body.flatMap(({ type, declaration }) => (
  type === "ExportNamedDeclaration" && declaration?.type === "TSInterfaceDeclaration" ? [[declaration.id.name, declaration.body.body]] : [])));

const textOf = ({ start, end }) => source.slice(start, end);

/** The comment before a node, as one paragraph. */
const commentOf = ({ leadingComments = [] }) => (leadingComments.at(-1)?.value ?? "")
  .replace(/^\*/, "").replace(/^\s*\* ?/gm, "").replace(/\s+/g, " ").trim();

/** The members of an object type that are written out in this one, wherever in a union or an intersection it stands. */
function literalIn(type) {
  if (type.type === "TSTypeLiteral") return type.members;
  return (type.types ?? []).map(literalIn).find(Boolean);
}

/** The members that `Name` or `Name.member` has. */
function membersOf(name) {
  const [owner, member] = name.split(".");
  const members = interfaces.get(owner);
  if (!member) return members;
  return literalIn(members.find(({ key }) => key.name === member).typeAnnotation.typeAnnotation);
}

/** An option as `{ name, type, optional, words, fallback }`; what its comment says of the default is apart. */
function optionOf(member) {
  const comment = commentOf(member);
  const [sentence, fallback] = / ?Default: (.*?)\.(?= |$)/.exec(comment) ?? ["", undefined];
  const { typeAnnotation } = member.typeAnnotation;
  const literal = literalIn(typeAnnotation);
  // An object has a section of its own.
  const type = literal ? textOf(typeAnnotation).replace(textOf({ start: literal[0].start, end: literal.at(-1).end }), "…") : textOf(typeAnnotation);
  return {
    name: member.key.name,
    type: type.replace(/\/\*\*[^]*?\*\//g, "").replace(/\s+/g, " ").replace("{ … }", "{…}"),
    optional: member.optional,
    words: comment.replace(sentence, "").trim(),
    fallback,
  };
}

/** The sections as `{ title, intro, names, options }`. */
export const sections = SECTIONS.map(([title, intro, names]) => (
  { title, intro, names, options: names.flatMap((name) => membersOf(name).map(optionOf)) }));

const cell = (text) => text.replaceAll("|", "\\|");
const code = (text) => `\`${cell(text)}\``;
const fallbackOf = ({ fallback, optional }) => cell(fallback ?? (optional ? "" : "needed"));

const tableOf = (options) => [
  "| option | type | default | what it does |",
  "| --- | --- | --- | --- |",
  ...options.map((option) => `| ${code(option.name)} | ${code(option.type)} | ${fallbackOf(option)} | ${cell(option.words)} |`),
];

/** The fields of an interface that stands for itself, such as an event. */
const fieldsOf = (name) => (interfaces.get(name) ?? []).map((member) => {
  const { name, type, words } = optionOf(member);
  return `| ${code(name)} | ${code(type)} | ${cell(words)} |`;
});

const fieldTable = (...rows) => ["| field | type | what it is |", "| --- | --- | --- |", ...rows];

/** The other types that have a name: their declarations are all that there is to say. */
const aliases = program.body.flatMap(({ declaration, ...statement }) => (declaration?.type === "TSTypeAliasDeclaration"
  ? [`| ${code(declaration.id.name)} | ${code(textOf(declaration.typeAnnotation))} | ${cell(commentOf(statement))} |`] : []));

const mapped = (name) => interfaces.get(name).map(({ key, typeAnnotation }) => [key.name, textOf(typeAnnotation.typeAnnotation)]);
const declarationOf = (name) => program.body.find(({ declaration }) => declaration?.id?.name === name);

/** The events of both classes, and those of a socket alone. */
export const events = [...mapped("ConnectionEventMap"), ...mapped("WebSocketEventMap").filter(([name]) => name !== "message")];

const eventSections = events.filter(([, type]) => interfaces.has(type)).flatMap(([name, type]) => [
  `### ${code(name)}`, "", commentOf(declarationOf(type)), "", ...fieldTable(...fieldsOf(type)), "",
]);

export const page = `# Options

Every option, with its type, its default and its unit; and what events and \`stats()\` have. This page is made from the
[types](../${path}), which editors show as well. All spans are milliseconds (ms).

${sections.map(({ title, intro, options }) => [`## ${title}`, "", ...(intro ? [intro, ""] : []), ...tableOf(options)].join("\n")).join("\n\n")}

## Events

Beside \`message\`, which is that of the native classes, and \`open\`: of an event stream each time that it is open, of a socket at the first opening.
[The guide](guide.md#what-happens-when-the-network-breaks) shows what they are for.

${eventSections.join("\n")}
## \`cause\`

Where and why it went wrong; in \`reconnecting\`, \`error\`, \`close\`, and \`lastError\` of \`stats()\`.

${fieldTable(...fieldsOf("Cause")).join("\n")}

## \`stats()\`

${fieldTable(...["Stats", "WebSocketStats", "EventSourceStats"].flatMap(fieldsOf)).join("\n")}

## Types

| type | is | what it means |
| --- | --- | --- |
${aliases.join("\n")}
`;

if (process.argv[1] === fileURLToPath(import.meta.url)) writeFileSync(join(root, "docs/options.md"), page);
