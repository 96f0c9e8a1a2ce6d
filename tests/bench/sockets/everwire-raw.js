import { over } from "./everwire.js";

export default over("/ws");
