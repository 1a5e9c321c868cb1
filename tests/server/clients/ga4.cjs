// SPDX-License-Identifier: Apache-2.0
// node ga4.cjs ADDRESS KEY: the journeys by GA4's Measurement Protocol, which has no client but its documentation.
const { steps } = require("./journey.cjs");

const [, , address, key] = process.argv;

function params(step) {
  const item = { item_id: step.sku, item_name: step.name, price: step.price, quantity: step.quantity };
  switch (step.act) {
    case "page":
      return ["page_view", { page_location: step.url, page_referrer: step.referrer, page_title: step.title }];
    case "search":
      return ["search", { search_term: step.words }];
    case "view":
      return ["view_item", { items: [item] }];
    case "login":
      return ["login", { method: "password" }];
    default:
      return ["purchase", { transaction_id: step.order, value: step.total, currency: "EUR", items: [item] }];
  }
}

(async () => {
  for (const step of steps) {
    const [name, given] = params(step);
    const body = { client_id: step.device, user_id: step.user, timestamp_micros: step.time.getTime() * 1000, events: [{ name, params: given }] };
    const query = `measurement_id=G-TEST&api_secret=${key}`;
    const checked = await (await fetch(`${address}/debug/mp/collect?${query}`, { method: "POST", body: JSON.stringify(body) })).json();
    const sent = await fetch(`${address}/mp/collect?${query}`, { method: "POST", body: JSON.stringify(body) });
    if (checked.validationMessages.length || sent.status !== 204) {
      console.error(sent.status, checked);
      process.exitCode = 1;
    }
  }
})();
