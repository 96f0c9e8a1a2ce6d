// Compiles a module, or says why it cannot be.

export const compile = (bytes) => {
  try {
    return new WebAssembly.Module(bytes);
  } catch (cause) {
    // Browsers name 'unsafe-eval', which allows far more, or nothing.
    throw new Error("WebAssembly cannot be compiled: a Content-Security-Policy needs script-src 'wasm-unsafe-eval'", { cause });
  }
};
