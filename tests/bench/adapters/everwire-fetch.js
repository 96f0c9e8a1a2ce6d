import { reconnecting } from "./everwire.js";

export default reconnecting("fetch-stream");
