// A worker that has code run in itself, as a module.

import * as everwire from "/pkg/index.js";
import "./helpers.js";
import "./witness.js";
import "./answer.js";

globalThis.everwire = everwire;
