import { reconnecting } from "./everwire.js";

export default reconnecting("xhr-stream");
