// SPDX-License-Identifier: Apache-2.0
// Two people's journeys, as each tracker would tell them. A step: minutes after the start, what was done, by whom.
const start = Date.parse("2025-12-20T08:00:00Z");
const anna = "0123456789abcdef", ben = "fedcba9876543210";

exports.steps = [
  { minute: 0, act: "page", device: anna, url: "https://shop.example/?utm_source=news&utm_medium=email&utm_campaign=xmas", title: "Start" },
  { minute: 1, act: "search", device: anna, words: "shoes" },
  { minute: 2, act: "view", device: anna, sku: "S1", name: "Shoe", price: 27.45 },
  { minute: 3, act: "login", device: anna, user: "anna" },
  { minute: 4, act: "order", device: anna, user: "anna", order: "A-1", total: 59.8, sku: "S1", name: "Shoe", price: 27.45, quantity: 2 },
  { minute: 5, act: "page", device: ben, url: "https://shop.example/shoes", referrer: "https://www.google.com/", title: "Shoes" },
  { minute: 60, act: "page", device: ben, url: "https://shop.example/?gclid=x1", title: "Start" },
  { minute: 61, act: "order", device: ben, user: "ben", order: "A-2", total: 27.45, sku: "S1", name: "Shoe", price: 27.45, quantity: 1 },
].map((step) => ({ ...step, time: new Date(start + step.minute * 60000) }));

exports.products = (step) => [{ product_id: step.sku, name: step.name, price: step.price, quantity: step.quantity }];

// The calls of Segment's spec: [call, message], for every client that has them.
exports.calls = exports.steps.map((step) => {
  const message = { anonymousId: step.device, userId: step.user, timestamp: step.time };
  switch (step.act) {
    case "page": {
      const page = { url: step.url, referrer: step.referrer, title: step.title };
      return ["page", { ...message, properties: page, context: { page } }];
    }
    case "search":
      return ["track", { ...message, event: "Products Searched", properties: { query: step.words } }];
    case "view":
      return ["track", { ...message, event: "Product Viewed", properties: { product_id: step.sku, name: step.name, price: step.price } }];
    case "login":
      return ["track", { ...message, event: "Signed In" }];
    default:
      return ["track", { ...message, event: "Order Completed", properties: { order_id: step.order, total: step.total, products: exports.products(step) } }];
  }
});
