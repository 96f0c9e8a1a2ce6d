// A worker that has code run in itself, as a classic script.

importScripts("/pkg/dist/everwire.iife.js", "helpers.js", "witness.js", "answer.js");
