-- SPDX-License-Identifier: Apache-2.0
-- Events as a shop's page sends them, each with an id of its own. EVENTS: how many a request; DELAY_MS: pause of each connection between
-- requests; KEY: of role write.
local events, delay_ms, key = tonumber(os.getenv("EVENTS") or "1"), tonumber(os.getenv("DELAY_MS") or "0"), os.getenv("KEY")
local number, bodies = 0, {}

function setup(thread) thread:set("run_seed", math.random(1e9) + os.time()) end

local function event(i)
  local person, product = i * 7919 % 50000, i * 104729 % 2000
  return string.format('{"type":"track","event":"Product Viewed","messageId":"@-%d","anonymousId":"a-%d","userId":"u-%d",' ..
    '"timestamp":"2026-01-15T10:%02d:%02d.%03dZ","properties":{"product_id":"p-%d","price":%d.90,"category":"chairs","currency":"EUR"},' ..
    '"context":{"page":{"url":"https://shop.example/p/%d?utm_source=news","path":"/p/%d","referrer":"https://www.google.com/"}}}',
    i % events, person, person, i % 60, i * 7 % 60, i % 1000, product, product % 300, product, product)
end

-- Bodies are made before; what differs each time is the ids, so that the client takes little of the machine.
function init()
  for b = 1, events == 1 and 4096 or 128 do
    local list = {}
    for i = 1, events do list[i] = event(b * events + i) end
    bodies[b] = events == 1 and list[1] or "[" .. table.concat(list, ",") .. "]"
  end
  wrk.headers["Authorization"], wrk.headers["Content-Type"] = "Bearer " .. key, "application/json"
end

function request()
  number = number + 1
  local body = bodies[number % #bodies + 1]:gsub("@", run_seed .. "-" .. number)
  return wrk.format("POST", "/v1/events", nil, body)
end

if delay_ms > 0 then
  function delay() return delay_ms end
end
