// SPDX-License-Identifier: Apache-2.0
// node rudder_node.cjs ADDRESS KEY: the journeys by RudderStack's client for servers (gzip is its default).
const Analytics = require("@rudderstack/rudder-sdk-node");
const { calls } = require("./journey.cjs");

const [, , address, key] = process.argv;
const client = new Analytics(key, { dataPlaneUrl: address, flushAt: 3, logLevel: "error", errorHandler: (error) => fail(error) });
function fail(error) {
  console.error(error.message ?? error);
  process.exitCode = 1;
}
(async () => {
  for (const [call, message] of calls) client[call]({ ...message, originalTimestamp: message.timestamp });
  while (client.queue.length) await client.flush();
  await client.flush();
  process.exit();
})().catch(fail);
