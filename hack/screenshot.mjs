#!/usr/bin/env node
// Renders an HTML file in headless Chromium as readers see it: light and dark, at 1280 and 400
// pixels wide. Writes OUT-light-1280.png and so on, and fails where the console has an error, the
// page asks the network for anything, is wider than the window, or has letters with too little
// contrast (WCAG AA: 4.5 to 1, 3 to 1 for large ones).
//
//     hack/screenshot.mjs FILE.html OUT [--only light-1280] [--height PIXELS] [--scale FACTOR]
//
// Needs Node 18 and Chromium (apt-get install chromium; or $CHROMIUM).
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";

const [file, out, ...rest] = process.argv.slice(2);
if (!out) {
  console.error("usage: hack/screenshot.mjs FILE.html OUT [--only light-1280] [--height PIXELS] [--scale FACTOR]");
  process.exit(2);
}
const option = (name, value) => (rest.includes(name) ? rest[rest.indexOf(name) + 1] : value);
const only = option("--only"), cut = Number(option("--height", 0)), scale = Number(option("--scale", 1));

const profile = mkdtempSync(join(tmpdir(), "chromium-"));
const browser = spawn(process.env.CHROMIUM ?? "chromium", [
  "--headless=new", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--remote-debugging-pipe",
  `--user-data-dir=${profile}`, "about:blank",
], { stdio: ["ignore", "ignore", "ignore", "pipe", "pipe"] });
browser.on("error", (e) => {
  console.error(`${e.message}: install Chromium, or set $CHROMIUM`);
  process.exit(1);
});

// The browser reads commands from descriptor 3 and answers on 4: JSON, each ended by a NUL.
const waiting = new Map(), listeners = [];
let last = 0, said = "";
browser.stdio[4].setEncoding("utf8");
browser.stdio[4].on("data", (text) => {
  const messages = (said + text).split("\0");
  said = messages.pop();
  for (const m of messages.map((m) => JSON.parse(m))) {
    if (m.id) {
      const { good, bad } = waiting.get(m.id);
      waiting.delete(m.id);
      m.error ? bad(new Error(m.error.message)) : good(m.result);
    } else listeners.forEach((f) => f(m));
  }
});
const send = (method, params = {}, sessionId) =>
  new Promise((good, bad) => {
    waiting.set(++last, { good, bad });
    browser.stdio[3].write(JSON.stringify({ id: last, method, params, sessionId }) + "\0");
  });

// contrasts runs in the page: the texts whose colour is too near that of what is behind them.
const contrasts = () => {
  const canvas = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  const rgba = (css) => {
    canvas.clearRect(0, 0, 1, 1);
    canvas.fillStyle = css;
    canvas.fillRect(0, 0, 1, 1);
    const [r, g, b, a] = canvas.getImageData(0, 0, 1, 1).data;
    return [r, g, b, a / 255];
  };
  const over = (top, under) => top.slice(0, 3).map((v, i) => v * top[3] + under[i] * (1 - top[3]));
  const luminance = (c) => {
    const [r, g, b] = c.map((v) => ((v /= 255) <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const ground = (e) => {
    const layers = [];
    for (; e; e = e.parentElement) {
      const c = rgba(getComputedStyle(e).backgroundColor);
      layers.push(c);
      if (c[3] === 1) break;
    }
    return layers.reverse().reduce((under, top) => over(top, under), [255, 255, 255]);
  };
  const bad = new Set();
  const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walk.nextNode()) {
    const e = walk.currentNode.parentElement, style = getComputedStyle(e);
    if (!walk.currentNode.data.trim() || e.closest("title,style,.hidden") || style.visibility === "hidden") continue;
    const ink = rgba(e.closest("svg") ? style.fill : style.color), behind = ground(e);
    ink[3] *= Number(style.opacity);
    const [a, b] = [luminance(over(ink, behind)), luminance(behind)].sort((x, y) => y - x);
    const ratio = (a + 0.05) / (b + 0.05), size = parseFloat(style.fontSize);
    const large = size >= 24 || (size >= 18.66 && Number(style.fontWeight) >= 700);
    if (ratio < (large ? 3 : 4.5)) bad.add(`${ratio.toFixed(2)}: ${e.tagName} "${walk.currentNode.data.trim().slice(0, 30)}"`);
  }
  return [...bad];
};

const faults = [];
try {
  for (const scheme of ["light", "dark"]) {
    for (const width of [1280, 400]) {
      const name = `${scheme}-${width}`;
      if (only && only !== name) continue;
      const { targetId } = await send("Target.createTarget", { url: "about:blank" });
      const { sessionId } = await send("Target.attachToTarget", { targetId, flatten: true });
      const page = (method, params) => send(method, params, sessionId);
      const loaded = new Promise((f) => listeners.push((m) => m.sessionId === sessionId && m.method === "Page.loadEventFired" && f()));
      listeners.push((m) => {
        if (m.sessionId !== sessionId) return;
        const p = m.params;
        if (m.method === "Log.entryAdded" && p.entry.level !== "info") faults.push(`${name}: console: ${p.entry.text} ${p.entry.url ?? ""}`);
        if (m.method === "Runtime.consoleAPICalled") faults.push(`${name}: console.${p.type}: ${p.args.map((a) => a.value).join(" ")}`);
        if (m.method === "Runtime.exceptionThrown") faults.push(`${name}: ${p.exceptionDetails.text}`);
        if (m.method === "Network.requestWillBeSent" && !/^(file|data):/.test(p.request.url)) faults.push(`${name}: asks the network for ${p.request.url}`);
      });
      for (const domain of ["Page", "Log", "Runtime", "Network"]) await page(`${domain}.enable`);
      await page("Emulation.setDeviceMetricsOverride", { width, height: 900, deviceScaleFactor: scale, mobile: width < 600 });
      await page("Emulation.setEmulatedMedia", { features: [{ name: "prefers-color-scheme", value: scheme }] });
      await page("Page.navigate", { url: pathToFileURL(resolve(file)).href });
      await loaded;
      const value = async (expression) => (await page("Runtime.evaluate", { expression, returnByValue: true })).result.value;
      await value("document.querySelectorAll('img[loading=lazy]').forEach((i) => (i.loading = 'eager'))");
      const wide = await value("document.documentElement.scrollWidth");
      if (wide > width) faults.push(`${name}: the page is ${wide} pixels wide`);
      for (const c of await value(`(${contrasts})()`)) faults.push(`${name}: contrast ${c}`);
      const high = await value("document.documentElement.scrollHeight");
      const clip = { x: 0, y: 0, width, height: cut || high, scale: 1 };
      const { data } = await page("Page.captureScreenshot", { captureBeyondViewport: true, clip });
      writeFileSync(`${out}-${name}.png`, Buffer.from(data, "base64"));
      console.log(`${out}-${name}.png  ${width}×${cut || high}`);
      await send("Target.closeTarget", { targetId });
    }
  }
} finally {
  browser.kill();
  await new Promise((ended) => browser.on("exit", ended));
  rmSync(profile, { recursive: true, force: true, maxRetries: 5 });
}
for (const f of faults) console.error(f);
process.exit(faults.length ? 1 : 0);
