"""A limited number of places in Redis: whoever dies while it holds one gives it back.

Each is a member of a sorted set, and its score the instant up to which it is held.
"""

# For a key, and others whose holders count as well: its holder, for how many milliseconds, and how
# many there are. Answers 1 when it is taken, or was its holder's before and is kept; else 0. A key
# that nobody holds has one place at any rate. By the server's own clock: those of our machines may
# differ.
TAKE = """
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local held = 0
for _, key in ipairs(KEYS) do
    redis.call('ZREMRANGEBYSCORE', key, '-inf', now)
    held = held + redis.call('ZCARD', key)
end
if not redis.call('ZSCORE', KEYS[1], ARGV[1]) and redis.call('ZCARD', KEYS[1]) > 0
    and held >= tonumber(ARGV[3]) then
    return 0
end
redis.call('ZADD', KEYS[1], now + tonumber(ARGV[2]), ARGV[1])
redis.call('PEXPIRE', KEYS[1], ARGV[2])
return 1
"""
