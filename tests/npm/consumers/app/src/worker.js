// A worker of any kind: it receives from where it is told, and answers by the port that comes with the question.

import { receive } from "./receive.js";

const answer = async ({ data: server, ports: [port] }) => port.postMessage(await receive(server));

globalThis.onmessage = answer;
globalThis.onconnect = ({ ports: [port] }) => { port.onmessage = answer; };
