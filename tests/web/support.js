// What the tests ask the fixture server for, and a guard that sees every error that nobody caught.

const failures = [];
const note = (event) => failures.push(String(event.error ?? event.reason ?? event.message));
addEventListener("error", note);
addEventListener("unhandledrejection", note);

/** The errors that nobody caught since the last call. */
export const uncaught = () => failures.splice(0).join("; ");

/** True if the fixture server answers. */
export const alive = async (base) => {
  try {
    return (await fetch(`${base}/health`)).ok;
  } catch {
    return false;
  }
};

export const post = async (url, body) => {
  const response = await fetch(url, { method: "POST", body });
  return await response.text();
};

export const get = async (url) => (await fetch(url)).text();

export const sleep = (ms) => new Promise((done) => setTimeout(done, ms));
