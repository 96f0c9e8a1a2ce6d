// What a socket sends: text, ArrayBuffers, their views, and Blobs.

/** What it is, whichever frame of the page it is from. */
const isA = (data, ...kinds) => kinds.includes(Object.prototype.toString.call(data).slice(8, -1));

/** What goes as it is; all else is text, but for symbols, of which `String` would make one. */
export const payload = (data) => (ArrayBuffer.isView(data) || isA(data, "ArrayBuffer", "Blob", "File") ? data : `${data}`);

/** The bytes of a buffer or a view. One that was handed on to somebody else has none left, and a WebSocket sends it as that. */
export const bytesOf = (data) => {
  try {
    return data.buffer ? new Uint8Array(data.buffer, data.byteOffset, data.byteLength) : new Uint8Array(data);
  } catch {
    return new Uint8Array();
  }
};

/** What is sent later is a copy: an application may go on with its buffer. */
export const copy = (data) => {
  if (ArrayBuffer.isView(data)) return bytesOf(data).slice();
  return isA(data, "ArrayBuffer") ? bytesOf(data).slice().buffer : data;
};
