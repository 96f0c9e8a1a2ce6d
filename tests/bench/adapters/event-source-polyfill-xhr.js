// Its option for another transport fails with XMLHttpRequest; but that is what it takes where there is no fetch.
import "./without-fetch.js";

export { default } from "./event-source-polyfill.js";
