// SPDX-License-Identifier: Apache-2.0
// node browser.mjs segment|segment-batch|rudder|rudder-beacon|gif ADDRESS KEY: a page of another origin, in a real Chromium with an empty profile,
// sends by the browser client. Prints what the page saw as JSON.
import { createServer } from "node:http";
import { createRequire } from "node:module";
import path from "node:path";

const [, , kind, address, key] = process.argv;
const modules = process.env.NODE_PATH;
const require = createRequire(path.join(modules, "x.js"));
const { chromium } = require("playwright-core");
const esbuild = require("esbuild");

const consent = "{context: {consent: {measure: true}}}";
const batching = kind === "segment-batch" ? `, {integrations: {"Segment.io": {deliveryStrategy: {strategy: "batching", config: {size: 5, timeout: 2000}}}}}` : "";
const beacon = kind === "rudder-beacon" ? "useBeacon: true, beaconQueueOptions: {maxItems: 5}," : "";
const pages = {
  segment: `import {AnalyticsBrowser} from "@segment/analytics-next";
    const analytics = AnalyticsBrowser.load({writeKey: "${key}", cdnURL: "${address}"}${batching});
    window.told = (async () => {
      await analytics.page({}, ${consent});
      await analytics.track("Product Viewed", {product_id: "S1"}, ${consent});
      await analytics.identify("anna", {email: "anna@example.com"}, ${consent});
      await analytics.track("Order Completed", {order_id: "A-1", total: 59.8, currency: "EUR"}, ${consent});
      await analytics.group("acme", {}, ${consent});
      return {anonymous: (await analytics.user()).anonymousId()};
    })();`,
  rudder: `import {RudderAnalytics} from "@rudderstack/analytics-js/bundled";
    const rudder = new RudderAnalytics();
    window.told = new Promise((resolve) => {
      rudder.load("${key}", "${address}", {configUrl: "${address}", ${beacon} polyfillIfRequired: false, sendAdblockPage: false, logLevel: "DEBUG",
        onLoaded: () => {
          rudder.page({}, ${consent});
          rudder.track("Product Viewed", {product_id: "S1"}, ${consent});
          rudder.identify("anna", {email: "anna@example.com"}, ${consent});
          rudder.track("Order Completed", {order_id: "A-1", total: 59.8, currency: "EUR"}, ${consent});
          rudder.group("acme", {}, ${consent});
          resolve({anonymous: rudder.getAnonymousId()});
        }});
    });`,
  gif: `window.told = Promise.all(["/matomo.php?idsite=${key}&rec=1&_id=0123456789abcdef&url=https%3A%2F%2Fa.de%2F"].map((path) => new Promise((resolve) => {
      const image = new Image();
      image.onload = () => resolve([image.naturalWidth, image.naturalHeight]);
      image.onerror = () => resolve("broken");
      image.src = "${address}" + path;
    })));`,
};

const built = await esbuild.build({
  stdin: { contents: pages[kind.split("-")[0]], resolveDir: path.dirname(modules), loader: "js" },
  bundle: true, write: false, format: "iife", nodePaths: [modules], logLevel: "error",
  define: { "process.env.NODE_ENV": '"production"' },
});
const script = built.outputFiles[0].text;
const site = createServer((request, response) => {
  const js = request.url === "/page.js";
  response.writeHead(200, { "Content-Type": js ? "text/javascript" : "text/html; charset=utf-8" });
  response.end(js ? script : "<!doctype html><title>Shop</title><script src=/page.js></script>");
});
await new Promise((resolve) => site.listen(0, "127.0.0.1", resolve));

const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
  args: ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"],
});
const failures = [], foreign = [], sent = [];
try {
  const page = await browser.newPage();
  page.on("pageerror", (error) => failures.push(String(error)));
  page.on("console", (message) => message.type() === "error" && failures.push(message.text()));
  page.on("requestfailed", (request) => failures.push(`${request.url()} ${request.failure().errorText}`));
  page.on("request", (request) => {
    const origin = new URL(request.url()).origin;
    if (origin !== address && origin !== `http://127.0.0.1:${site.address().port}`) foreign.push(request.url());
  });
  page.on("response", (response) => response.request().method() === "POST" && sent.push([new URL(response.url()).pathname, response.status()]));
  await page.goto(`http://127.0.0.1:${site.address().port}/?utm_source=news&utm_medium=email&utm_campaign=xmas`);
  const told = await page.evaluate(() => window.told);
  const wanted = { segment: 5, rudder: 5, gif: 0 }[kind] ?? 1;
  for (let i = 0; sent.length < wanted && i < 100; i++) await page.waitForTimeout(100);
  console.log(JSON.stringify({ told, failures, foreign, sent }));
} finally {
  await browser.close();
  site.close();
}
