// Types of everwire/lazy: those of everwire, and `init`.

export * from "./index.js";

/** Where the module is, or what it is: a URL, its response, its bytes, or itself. */
export type ModuleSource = string | URL | Request | Response | BufferSource | WebAssembly.Module;

/**
 * Loads the module, `everwire/module.wasm`. Connections may be made before that, and connect at once; what is sent waits in the outbox. The first
 * call decides where it is, and later ones wait for it; the first construction calls it, if nothing else has. So with an `input` it goes before
 * the first construction.
 *
 * @param input Default: `wasm/machine.wasm` beside the entry, which Vite, webpack, Parcel, Rspack and Next find and copy; rollup, esbuild and Bun
 * do not, nor does the development server of Vite 5 to 7, unless `optimizeDeps.exclude` names the package. In Node it is read from 20.16 on.
 * @throws {Error} If it cannot be fetched or compiled, with the reason as its `cause`. Connections that waited for it have ended with an `error`
 * event that says so; it may be called again, and so may their `reconnect()`.
 */
export function init(input?: ModuleSource | PromiseLike<ModuleSource>): Promise<void>;
