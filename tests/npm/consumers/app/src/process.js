// A process on a server: it prints what it receives from the address that it is given.

import { receive } from "./receive.js";

console.log(JSON.stringify(await receive(process.argv[2])));
