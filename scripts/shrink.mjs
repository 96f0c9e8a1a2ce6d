// Makes wasm-bindgen's output smaller than a stable compiler can: what no page ever runs is removed, names are shortened, and
// wasm-opt does the rest.
import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import binaryen from "binaryen";

const WASM_OPT = fileURLToPath(new URL("../node_modules/.bin/wasm-opt", import.meta.url));

// By name: --all-features turns on proposals that no browser has.
const FEATURES = [
  "bulk-memory",
  "multivalue",
  "mutable-globals",
  "nontrapping-float-to-int",
  "reference-types",
  "sign-ext",
  "simd",
].map((feature) => `--enable-${feature}`);

/** The direct calls of a module, by the names in its text form: caller → callees. */
function callGraph(text) {
  const name = String.raw`\$(?:"((?:[^"\\]|\\.)*)"|([^\s()]+))`;
  const unescape = (quoted) => quoted.replace(/\\([0-9a-f]{2})/g, (_, hex) => String.fromCharCode(parseInt(hex, 16)));
  const calls = new Map();
  let callees;
  for (const [, what, quoted, plain] of text.matchAll(new RegExp(String.raw`(^ \(func|\((?:return_)?call) ${name}`, "gm"))) {
    const called = plain ?? unescape(quoted);
    if (what.endsWith("func")) calls.set(called, (callees = new Set()));
    else callees.add(called);
  }
  return calls;
}

// The symbols are those of rustc's v0 mangling, demangled, or of the legacy one: with [hash] after the crate or ::hash at the end.
const PANIC = [
  /^(core|std)(\[\w+\])?::panicking::/,
  /^__rustc(\[\w+\])?::(rust_begin_unwind|rust_panic)/,
  /^core(\[\w+\])?::(option|result|cell|slice|str|char)::(.*::)?(\w*_fail(ed)?(_rt)?|panic_\w+)(::|$)/,
  /^<?alloc(\[\w+\])?::vec::.*::assert_failed/,
  /^alloc(\[\w+\])?::(alloc::handle_alloc_error|raw_vec::(handle_error|capacity_overflow))/,
];
const FORMAT = [/^(core|alloc)(\[\w+\])?::fmt::/, /^<core(\[\w+\])?::fmt::/, / as core(\[\w+\])?::fmt::(?!Write>)/, /^<char>::escape_debug/];

// What only the glue of wasm-bindgen would call: closures, futures, and what throws; and what only the shell in Rust asks a wire.
// The function table holds them, so wasm-opt must keep them.
const UNCALLED = [
  /^(<)?wasm_bindgen(\[\w+\])?::(convert::closures|throw_str|__wbindgen_throw)/,
  /js_sys(\[\w+\])?::futures/,
  /^<everwire(\[\w+\])?::__core::wire::.* as everwire(\[\w+\])?::__core::wire::Wire<.*>>::manner(::|$)/,
];

// What the messages of panics are made of: where it was, and the words of std and wasm-bindgen.
const MESSAGES = new RegExp([
  String.raw`(/[\w.-]+)+\.rs\b`,
  "cannot access a Thread Local Storage value during or after destruction: ",
  "RefCell already (mutably )?borrowed",
  "closure invoked recursively or after being dropped",
  String.raw`called \`\w+::unwrap\(\)\` on an? \`\w+\` value`,
  "capacity overflow",
  "dest is out of bounds",
  "slice index starts at ",
  " but ends at ",
  "range (start|end) index ",
  " out of range for slice of length ",
  "(Layout|Access)Error",
  "index out of bounds: the len is ",
  " but the index is ",
  String.raw`removal index \(is `,
  String.raw`\) should be < len \(is `,
  "mid > len",
  // The crate that js-sys says it is, and the digits of which numbers are put together.
  String.raw`js-sys-[\d.]+`,
  "0001020304(\\d\\d)+99",
].join("|"), "g");

const isAny = (patterns) => (name) => patterns.some((pattern) => pattern.test(name));

/**
 * Empties the functions that panic, and those that format. A panic ends in a trap (panic = "abort") and its message goes nowhere
 * on this target, so without the message it is the same trap. Once that is gone, nothing formats: `Debug` is only reached
 * through a message. Should other code begin to format, then all of it stays. It was 3 to 12 % of the module, after brotli.
 */
function withoutPanicMessages(wasm) {
  const module = binaryen.readBinary(wasm);
  const empty = (name) => binaryen.Function.setBody(module.getFunction(name), module.unreachable());
  const defined = [...callGraph(module.emitText()).keys()];
  defined.filter(isAny([...PANIC, ...UNCALLED])).forEach(empty);

  const calls = callGraph(module.emitText());
  const formats = isAny(FORMAT);
  const users = [...calls].filter(([name, callees]) => !formats(name) && [...callees].some(formats)).map(([name]) => name);
  if (users.length > 0) {
    console.warn(`shrink: the code that formats stays, as it is used by ${users.join(", ")}`);
    return module.emitBinary();
  }
  defined.filter(formats).forEach(empty);
  // Nobody reads the messages any more, and wasm-opt takes zeros out of the data.
  const blank = (message) => String.raw`\00`.repeat(message.length);
  const text = module.emitText().replace(/^ \(data .*$/gm, (segment) => segment.replace(MESSAGES, blank));
  return binaryen.parseText(text).emitBinary();
}

/**
 * Undoes what wasm-bindgen does for glue that this package does not have, as only numbers cross: imports get the plain names of
 * src/js back, and what its runtime wants at the start goes. The JavaScript on the other side is engine.js and parser.js of pkg-template.
 */
function withoutGlue(wasm) {
  const module = binaryen.readBinary(wasm);
  const unused = ["__wbindgen_start", "__wbindgen_externrefs", "__abort_handler", "__instance_terminated"];
  for (let i = module.getNumExports() - 1; i >= 0; i--) {
    const { name } = binaryen.getExportInfo(module.getExportByIndex(i));
    if (unused.includes(name)) module.removeExport(name);
  }
  const text = module.emitText().replace(/\(import "[^"]+" "__wbg_(\w+?)_[0-9a-f]{16}"/g, '(import "host" "$1"');
  return binaryen.parseText(text).emitBinary();
}

/** Shrinks the module `from` of wasm-bindgen, names and all, into `to`; above all else if its speed does not matter. */
export function shrink(from, to, aboveAll) {
  writeFileSync(to, withoutGlue(withoutPanicMessages(readFileSync(from))));
  // --converge is worth a third of a percent. To lay all branches anew is worth another, and takes a fiftieth of the parser's speed. More or other
  // passes (-O4 before, --gufa) are worth less. What lies lowest in memory is the far end of the stack, so an address with an offset cannot wrap
  // around.
  const stripped = ["--strip-debug", "--strip-producers", "--strip-target-features"];
  optimise(to, ["-Oz", "--converge", ...(aboveAll ? ["--flatten", "--rereloop", "-Oz", "--converge"] : []), ...stripped]);
  // Read from a file, it numbers its locals anew, and finds a little more.
  if (aboveAll) optimise(to, ["-Oz", "--reorder-locals"]);
}

const optimise = (file, passes) => execFileSync(WASM_OPT, [...FEATURES, "--low-memory-unused", ...passes, file, "-o", file]);
