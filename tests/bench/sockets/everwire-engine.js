import { over } from "./everwire.js";

export default over("/engine.io/", { wire: "engine.io" });
