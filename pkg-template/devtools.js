// `import "everwire/devtools"`: declares <everwire-inspector>, where there are custom elements.

import { EverwireInspector } from "./inspector.js";

export { EverwireInspector };

const NAME = "everwire-inspector";
// A page that loads this twice, as some do when a module is replaced, keeps the first.
if (globalThis.customElements && !customElements.get(NAME)) customElements.define(NAME, EverwireInspector);
