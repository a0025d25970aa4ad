-- What wrk sends: checks or pays of many accounts, each pay with a txn_id of its own, and a look
-- at every answer: one that is not "done" fails the round.
-- Arguments: command, authorization, prefix of the txn_ids, first account, number of accounts.

local STEP = 7919 -- a prime: neighbouring calls meet accounts far apart, and all are met
local calls, threads = 0, {}
refused = 0 -- global: wrk hands only these from a thread to done()

function setup(thread)
   table.insert(threads, thread)
end

function init(args)
   command, authorization, prefix = args[1], args[2], args[3]
   first, accounts = tonumber(args[4]), tonumber(args[5])
end

function request()
   calls = calls + 1
   local account = first + (calls * STEP) % accounts
   return string.format(
      "GET /qiwi?command=%s&txn_id=%s%09d&account=%d&sum=10.00&txn_date=20261103091500 HTTP/1.1\r\n"
         .. "Host: localhost\r\nAuthorization: %s\r\n\r\n",
      command, prefix, calls, account, authorization)
end

function response(status, headers, body)
   if status ~= 200 or not body:find("<result>0</result>", 1, true) then
      refused = refused + 1
   end
end

function done(summary, latency)
   local failed = 0
   for _, thread in ipairs(threads) do failed = failed + thread:get("refused") end
   local errors = summary.errors
   print(string.format(
      'RESULT {"requests": %d, "seconds": %.6f, "refused": %d, "broken": %d, "p99_ms": %.3f}',
      summary.requests, summary.duration / 1e6, failed,
      errors.connect + errors.read + errors.write + errors.timeout, latency:percentile(99) / 1e3))
end
