// Both polyfill entries: they install a global class, and export nothing.
export {};
