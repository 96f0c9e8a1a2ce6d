// Takes docs/demo.png, the picture in the README: node scripts/screenshot.mjs (after `make demo` or `make test-e2e` has built all).
// It plays a scene on the demo page: two people chat, the connection breaks in several ways, a task goes on.

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { crc32, deflateSync } from "node:zlib";
import { Tab, launch, root, startFixture } from "../tests/e2e/support.mjs";

const data = mkdtempSync(join(tmpdir(), "everwire-screenshot-"));
const fixture = await startFixture({ name: "screenshot", data });
const browser = await launch();
try {
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 }, colorScheme: "light" });
  const ada = await Tab.open(context, "Ada", fixture.url);
  const tom = await Tab.open(context, "Tom", fixture.url);
  for (const tab of [ada, tom]) await tab.at("chat-name").fill(tab.name);
  const open = () => Promise.all([ada.stands(), tom.stands()]);

  await open();
  await ada.say("Hello! Shall we see what this takes?");
  await tom.say("I cut the cable now.");
  await ada.click("break-drop");
  await tom.say("Written while it was cut. Did you get it?");
  await open();
  await ada.say("Yes, once, and in its place.");
  await ada.click("break-refuse");
  await Promise.all([ada, tom].map((tab) => tab.shows("socket-transport", /^long-poll$/)));
  await tom.say("No WebSocket any more, and we still chat.");
  await ada.click("break-reset");
  // A poll that ends lets the connection move.
  for (const text of ["By long-polling, it says.", "And nothing missed.", "Nothing repeated either.", "It should try again soon."]) {
    if (await ada.shows("socket-transport", /^websocket$/, 20_000).then(() => true, () => false)) break;
    await ada.say(text);
  }
  await tom.say("Back on WebSocket, by itself.");
  await open();
  await ada.startTask();
  await ada.until("the task is under way", () => document.querySelector('[data-testid="task-progress"]').value >= 15);
  await ada.click("break-drop");
  await tom.say("And once more. Did the task notice?");
  await ada.until("the task is half done", () => document.querySelector('[data-testid="task-progress"]').value >= 40);

  const path = join(root, "docs/demo.png");
  const png = await small(ada.page, await ada.picture({ fullPage: true }));
  writeFileSync(path, png);
  console.log(`${path}: ${Math.round(png.length / 1024)} KB`);
} finally {
  await browser.close();
  await fixture.kill();
  rmSync(data, { recursive: true, force: true });
}

/** The same picture in its 256 most frequent colours, each other pixel in the nearest of them: a third of the size. */
async function small(page, png) {
  // Whoever can draw it can read it: the browser decodes.
  const { width, height, base64 } = await page.evaluate(async (source) => {
    const image = await createImageBitmap(await (await fetch(`data:image/png;base64,${source}`)).blob());
    const { width, height } = image;
    const canvas = new OffscreenCanvas(width, height).getContext("2d");
    canvas.drawImage(image, 0, 0);
    const bytes = canvas.getImageData(0, 0, width, height).data;
    let text = "";
    for (let at = 0; at < bytes.length; at += 0x8000) text += String.fromCharCode(...bytes.subarray(at, at + 0x8000));
    return { width, height, base64: btoa(text) };
  }, png.toString("base64"));
  const pixels = Buffer.from(base64, "base64");

  const uses = new Map();
  for (let at = 0; at < pixels.length; at += 4) {
    const colour = pixels.readUIntBE(at, 3);
    uses.set(colour, (uses.get(colour) ?? 0) + 1);
  }
  const palette = [...uses].sort(([, a], [, b]) => b - a).slice(0, 256).map(([colour]) => colour);
  const parts = (colour) => [colour >> 16, (colour >> 8) & 255, colour & 255];
  const distance = (a, b) => parts(a).reduce((sum, part, i) => sum + (part - parts(b)[i]) ** 2, 0);
  const nearest = new Map(palette.map((colour, i) => [colour, i]));
  for (const colour of uses.keys()) {
    if (!nearest.has(colour)) nearest.set(colour, palette.reduce((best, it, i) => (distance(it, colour) < distance(palette[best], colour) ? i : best), 0));
  }
  const rows = Buffer.alloc((width + 1) * height);
  for (let y = 0; y < height; y += 1) {
    for (let x = 0; x < width; x += 1) rows[y * (width + 1) + 1 + x] = nearest.get(pixels.readUIntBE((y * width + x) * 4, 3));
  }

  const chunk = (type, body) => {
    const typed = Buffer.concat([Buffer.from(type), body]);
    const [length, sum] = [Buffer.alloc(4), Buffer.alloc(4)];
    length.writeUInt32BE(body.length);
    sum.writeUInt32BE(crc32(typed));
    return Buffer.concat([length, typed, sum]);
  };
  const head = Buffer.alloc(13);
  head.writeUInt32BE(width, 0);
  head.writeUInt32BE(height, 4);
  head.set([8, 3, 0, 0, 0], 8);
  return Buffer.concat([
    Buffer.from("89504e470d0a1a0a", "hex"), chunk("IHDR", head), chunk("PLTE", Buffer.from(palette.flatMap(parts))),
    chunk("IDAT", deflateSync(rows, { level: 9 })), chunk("IEND", Buffer.alloc(0)),
  ]);
}
