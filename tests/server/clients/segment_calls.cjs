// SPDX-License-Identifier: Apache-2.0
// node segment_calls.cjs ADDRESS KEY: every call that the client has.
const { Analytics } = require("@segment/analytics-node");

const [, , address, key] = process.argv;
const analytics = new Analytics({ writeKey: key, host: address, flushAt: 2 });
analytics.on("error", (error) => {
  console.error(error);
  process.exitCode = 1;
});
analytics.track({ anonymousId: "d1", event: "Signed Up", properties: { plan: "gold" } });
analytics.identify({ userId: "anna", anonymousId: "d1", traits: { email: "anna@example.com", plan: "gold" } });
analytics.page({ userId: "anna", name: "Start", properties: { url: "https://shop.example/" } });
analytics.screen({ userId: "anna", name: "Home" });
analytics.group({ userId: "anna", groupId: "acme", traits: { name: "Acme" } });
analytics.track({ userId: "anna.old", event: "Signed In" });
analytics.alias({ previousId: "anna.old", userId: "anna" });
analytics.closeAndFlush();
