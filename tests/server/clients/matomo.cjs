// SPDX-License-Identifier: Apache-2.0
// node matomo.cjs ADDRESS KEY [one]: the journeys by Matomo's client, in bulk or hit by hit.
const http = require("node:http");
const MatomoTracker = require("matomo-tracker");
const { steps } = require("./journey.cjs");

http.globalAgent = new http.Agent(); // the client leaves answers unread, so that kept connections would keep the program
const [, , address, key, one] = process.argv;
const tracker = new MatomoTracker(key, address + "/matomo.php");
tracker.on("error", (error) => {
  console.error(error);
  process.exitCode = 1;
});

function hit(step) {
  const own = { _id: step.device, cdt: step.time.getTime() / 1000, url: step.url ?? "https://shop.example/" };
  if (step.user) own.uid = step.user;
  switch (step.act) {
    case "page":
      return { ...own, action_name: step.title, ...(step.referrer && { urlref: step.referrer }) };
    case "search":
      return { ...own, search: step.words };
    case "view":
      return { ...own, e_c: "shop", e_a: "view_item", e_n: step.sku };
    case "login":
      return { ...own, e_c: "account", e_a: "login" };
    default:
      return { ...own, idgoal: 0, ec_id: step.order, revenue: step.total, ec_items: JSON.stringify([[step.sku, step.name, "", step.price, step.quantity]]) };
  }
}

if (one) for (const step of steps) tracker.track(hit(step));
else
  tracker.trackBulk(steps.map(hit), (answer) => {
    if (JSON.parse(answer).tracked !== steps.length) {
      console.error(answer);
      process.exitCode = 1;
    }
  });
