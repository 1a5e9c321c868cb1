// SPDX-License-Identifier: Apache-2.0
// node segment_node.cjs ADDRESS KEY: the journeys by Segment's client for servers.
const { Analytics } = require("@segment/analytics-node");
const { calls } = require("./journey.cjs");

const [, , address, key] = process.argv;
const analytics = new Analytics({ writeKey: key, host: address });
analytics.on("error", (error) => {
  console.error(error);
  process.exitCode = 1;
});
for (const [call, message] of calls) analytics[call](message);
analytics.closeAndFlush();
