-- What wrk asks the HTTP door, and how it counts the answers: one question for each user of a file, at random.
-- The token comes by the environment, the file as the first argument.

local users, threads = {}, {}
statuses = {}

function setup(thread)
  thread:set("seed", #threads)
  table.insert(threads, thread)
end

function init(arguments)
  for line in io.lines(arguments[1]) do
    table.insert(users, line)
  end
  math.randomseed(seed)
  wrk.headers["Authorization"] = "Bearer " .. os.getenv("SERVE_TOKEN")
end

function request()
  return wrk.format("GET", "/recommend/user?user_id=" .. users[math.random(#users)])
end

function response(status)
  statuses[status] = (statuses[status] or 0) + 1
end

function done(summary, latency)
  local counts = {}
  for _, thread in ipairs(threads) do
    for status, count in pairs(thread:get("statuses")) do
      counts[status] = (counts[status] or 0) + count
    end
  end
  local seconds = summary.duration / 1e6
  local errors = summary.errors.connect + summary.errors.read + summary.errors.write + summary.errors.timeout
  io.write(string.format(
    '\n{"answered_per_s": %.1f, "refused_per_s": %.1f, "other": %d, "broken": %d, "p50_ms": %.1f, "p95_ms": %.1f}\n',
    (counts[200] or 0) / seconds, (counts[503] or 0) / seconds,
    summary.requests - (counts[200] or 0) - (counts[503] or 0), errors,
    latency:percentile(50) / 1e3, latency:percentile(95) / 1e3
  ))
end
