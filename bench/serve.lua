-- SPDX-License-Identifier: Apache-2.0
-- Events as a shop's page sends them, each with an id of its own. EVENTS: how many a request; DELAY_MS: mean pause of each connection
-- between requests; KEY: of role write.
local events, delay_ms, key = tonumber(os.getenv("EVENTS") or "1"), tonumber(os.getenv("DELAY_MS") or "0"), os.getenv("KEY")
local number, requests, mark = 0, {}, ("@"):rep(21) -- as long as the ids

function setup(thread) thread:set("run_seed", math.random(1e9) + os.time()) end

local function event(i)
  local person, product = i * 7919 % 50000, i * 104729 % 2000
  return string.format('{"type":"track","event":"Product Viewed","messageId":"@-%d","anonymousId":"a-%d","userId":"u-%d",' ..
    '"timestamp":"2026-01-15T10:%02d:%02d.%03dZ","properties":{"product_id":"p-%d","price":%d.90,"category":"chairs","currency":"EUR"},' ..
    '"context":{"page":{"url":"https://shop.example/p/%d?utm_source=news","path":"/p/%d","referrer":"https://www.google.com/"}}}',
    i % events, person, person, i % 60, i * 7 % 60, i % 1000, product, product % 300, product, product)
end

-- Requests are made before, cut where the ids are that differ each time, so that the client takes little of the machine.
function init()
  wrk.headers["Authorization"], wrk.headers["Content-Type"] = "Bearer " .. key, "application/json"
  for b = 1, events == 1 and 4096 or 128 do
    local list, pieces = {}, {}
    for i = 1, events do list[i] = event(b * events + i):gsub("@", mark) end
    local body = events == 1 and list[1] or "[" .. table.concat(list, ",") .. "]"
    local text, from = wrk.format("POST", "/v1/events", nil, body), 1
    for at, behind in text:gmatch("()" .. mark .. "()") do
      pieces[#pieces + 1], from = text:sub(from, at - 1), behind
    end
    pieces[#pieces + 1] = text:sub(from)
    requests[b] = pieces
  end
end

function request()
  number = number + 1
  return table.concat(requests[number % #requests + 1], string.format("%010d-%010d", run_seed, number))
end

-- Visitors do not act in step: with one pause for all, every connection would send at the same moment, again and again.
if delay_ms > 0 then
  function delay() return math.random(0, 2 * delay_ms) end
end
