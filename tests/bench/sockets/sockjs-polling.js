import { over } from "./sockjs.js";

export default over("xhr-polling");
