import { over } from "./socket-io.js";

export default over("polling");
