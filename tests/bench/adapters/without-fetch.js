// For what chooses its transport when it is imported.
globalThis.fetch = undefined;
