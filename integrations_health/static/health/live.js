// Hear of changes by WebSocket: `/health-updates`, with the session's cookie.
//
// Reconnects with full jitter, from one second to a minute. Who uses it is told of every update
// and of how the connection is: "live", "reconnecting", or "refused" after it never came about or
// the session ended.

const FIRST_MS = 1000, LONGEST_MS = 60_000;
const REFUSED_AFTER = 2; // attempts in a row that never opened
const NOT_PROVEN = 4401; // the session is over: no hurry to hear so again
const IDS_AT_ONCE = 200; // 39 bytes each, of 16 kB in a frame

/**
 * Connect, stay connected, and tell. `ids` are asked for anew at every connection, the first `most`
 * of them: a socket follows no more.
 */
export function connect({ ids, most = Infinity, onUpdate, onState }) {
  let socket = null;
  let failures = 0;
  let asked = new Set();

  function open() {
    let isOpen = false;
    socket = new WebSocket(location.origin.replace(/^http/, "ws") + "/health-updates");
    socket.onopen = () => {
      isOpen = true;
      failures = 0;
      asked = new Set();
      subscribe();
      onState("live");
    };
    socket.onmessage = (event) => {
      let frame;
      try {
        frame = JSON.parse(event.data);
      } catch {
        return;
      }
      if (frame.integrationId && frame.health) onUpdate(frame);
    };
    socket.onclose = ({ code }) => {
      failures += 1;
      const isRefused = code === NOT_PROVEN || (!isOpen && failures >= REFUSED_AFTER);
      onState(isRefused ? "refused" : "reconnecting");
      const soon = Math.random() * Math.min(LONGEST_MS, FIRST_MS * 2 ** failures);
      setTimeout(open, code === NOT_PROVEN ? LONGEST_MS : soon);
    };
  }

  function subscribe() {
    if (socket?.readyState !== WebSocket.OPEN) return;
    const missing = ids().filter((id) => !asked.has(id)).slice(0, most - asked.size);
    for (let index = 0; index < missing.length; index += IDS_AT_ONCE) {
      const integrationIds = missing.slice(index, index + IDS_AT_ONCE);
      integrationIds.forEach((id) => asked.add(id));
      socket.send(JSON.stringify({ type: "subscribe", integrationIds, ack: true }));
    }
  }

  open();
  return { subscribe, follows: (id) => asked.has(id) };
}
