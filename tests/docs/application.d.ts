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
