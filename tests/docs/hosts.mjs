// The fixture and a browser, for the tests of a file.
import { after, before } from "node:test";
import { launchBrowser, startFixture } from "../npm/support.mjs";

/** `{ fixture, browser }`, as soon as the first test runs. */
export function openHosts() {
  const hosts = {};
  before(async () => { [hosts.fixture, hosts.browser] = await Promise.all([startFixture(), launchBrowser()]); });
  after(async () => {
    await hosts.browser?.close();
    await hosts.fixture?.stop();
  });
  return hosts;
}
