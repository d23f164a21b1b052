// Tells when an integration changed: by WebSocket, and where that is refused by asking in turns.

const POLL_SECONDS = 30;
// So many attempts in a row without a single frame mean that there is no socket to be had now.
const REFUSALS = 3;

// `changed()` is called when there is something newer than `version`, or when it is time to look;
// `state(name, seconds)` whenever one begins or its seconds count down: "live", "reconnecting",
// "polling".
export function follow(id, { version, changed, state }) {
  let known = version;
  let failures = 0;

  function connect() {
    const scheme = location.protocol === "https:" ? "wss" : "ws";
    const socket = new WebSocket(`${scheme}://${location.host}/health-updates`);
    socket.onopen = () => socket.send(JSON.stringify({ type: "subscribe", integrationIds: [id] }));
    socket.onmessage = (event) => {
      const update = JSON.parse(event.data);
      if (update.integrationId !== id) return;
      // The first frame says how it is now. Only then the connection is known to work.
      failures = 0;
      state("live");
      if (!(update.version > known)) return;
      known = update.version;
      changed();
    };
    socket.onclose = () => {
      failures += 1;
      if (failures >= REFUSALS) {
        poll(POLL_SECONDS);
        return;
      }
      state("reconnecting");
      // Spread out, so that a restart is not met by everybody at once.
      setTimeout(connect, 1000 * 2 ** failures * (0.5 + Math.random() / 2));
    };
  }

  function poll(seconds) {
    if (seconds > 0) {
      state("polling", seconds);
      setTimeout(poll, 1000, seconds - 1);
      return;
    }
    changed();
    connect();
  }

  connect();
}
