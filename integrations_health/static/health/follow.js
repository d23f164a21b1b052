// Tells when an integration changed: by WebSocket, and where that is refused by asking in turns.

export const POLL_SECONDS = 30;
const LONGEST_WAIT_SECONDS = 30;
// So many refusals without a single opening mean that there is no socket to be had here.
const REFUSALS = 3;
const TRY_AGAIN_AFTER_POLLS = 10;

// `changed(update)` is called for what is newer than `version`, and with null when it is time to
// look; `state(name, seconds)` whenever one begins or its seconds count down: "live",
// "reconnecting", "polling".
export function follow(id, { version, changed, state }) {
  let known = version;
  let hasOpened = false;
  let failures = 0;
  let polls = 0;

  function connect() {
    const scheme = location.protocol === "https:" ? "wss" : "ws";
    const socket = new WebSocket(`${scheme}://${location.host}/health-updates`);
    socket.onopen = () => {
      const isBack = hasOpened;
      hasOpened = true;
      failures = 0;
      socket.send(JSON.stringify({ type: "subscribe", integrationIds: [id] }));
      state("live");
      if (isBack) changed(null);
    };
    socket.onmessage = (event) => {
      const update = JSON.parse(event.data);
      if (update.integrationId !== id || !(update.version > known)) return;
      known = update.version;
      changed(update);
    };
    socket.onclose = () => {
      failures += 1;
      if (!hasOpened && failures >= REFUSALS) {
        polls = 0;
        poll(POLL_SECONDS);
        return;
      }
      state("reconnecting");
      // Spread out, so that a restart is not met by everybody at once.
      const wait = Math.min(2 ** failures, LONGEST_WAIT_SECONDS) * (0.5 + Math.random() / 2);
      setTimeout(connect, 1000 * wait);
    };
  }

  function poll(seconds) {
    if (seconds > 0) {
      state("polling", seconds);
      setTimeout(poll, 1000, seconds - 1);
      return;
    }
    changed(null);
    polls += 1;
    if (polls < TRY_AGAIN_AFTER_POLLS) {
      poll(POLL_SECONDS);
    } else {
      failures = 0;
      connect();
    }
  }

  connect();
}
