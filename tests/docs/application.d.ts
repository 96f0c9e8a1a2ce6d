// What the application has in the examples of the documentation, beside what they import.

/** Shows something to the user. */
declare function show(value: unknown): void;
/** Fetches everything anew. */
declare function reload(): void;
/** A token for the header `Authorization`. */
declare function token(): Promise<string>;
declare function renewToken(): Promise<void>;
/** A token for one connection, for seconds. */
declare function ticket(): Promise<string>;
/** The package as the classic script has it. */
declare const everwire: typeof import("everwire");

// What the examples for frameworks import: of each no more than they use, and the module that the guide calls so.
declare module "*/feed.js" {
  export function subscribe(changed: () => void): () => void;
  export function snapshot(): string;
  export function serverSnapshot(): string;
}
declare module "react" {
  export function useSyncExternalStore<T>(subscribe: (changed: () => void) => () => void, snapshot: () => T, serverSnapshot?: () => T): T;
}
declare module "vue" {
  export function shallowRef<T>(value: T): { value: T };
  export function onMounted(hook: () => void): void;
  export function onUnmounted(hook: () => void): void;
}
declare module "svelte/store" {
  export function readable<T>(value: T, start: (set: (value: T) => void) => void | (() => void)): {
    subscribe(told: (value: T) => void): () => void;
  };
}
/** Its address, as Vite gives it. */
declare module "*.wasm?url" {
  const url: string;
  export default url;
}
