// The status page, live: told by WebSocket, else by looking every half minute.

import { followAlerts } from "./alerts.js";
import { followBars, prepareBars } from "./bars.js";
import { foldGroups, refresh, rememberFolds } from "./board.js";
import { followChecks } from "./checks.js";
import { clockTime, now, setTime, span } from "./clock.js";
import { connect } from "./live.js";

const LOOK_EVERY_MS = 30_000; // without a socket
const LOOK_ANYWAY_MS = 300_000; // with one, which tells neither of what is new nor of what is gone
const REFRESH_GAP_MS = 5_000; // between two changes, at least
const LATE_MS = 90_000; // what is due for so long shows that nobody checks
const WORDS = { healthy: "Healthy", degraded: "Degraded", unhealthy: "Unhealthy", unknown: "Unknown" };

const main = document.getElementById("main");
const line = document.querySelector("[data-live]");
const text = document.querySelector("[data-live-text]");
const announcer = document.querySelector("[data-announce]");
let state = "reconnecting"; // of the socket: live, reconnecting, refused
let isLost = false; // the page could not be fetched
let heardAt = now(); // when anything was last heard
let nextLookAt = now() + LOOK_EVERY_MS; // a socket that never opens may take minutes to say so
let refreshedAt = 0;
let waiting = 0;
let isLooking = false;
const hidden = new Map(); // how each is that the chosen filter does not show

if (line) {
  foldGroups();
  rememberFolds();
  followBars(main);
  prepareBars(main);
  const alerts = followAlerts({ onChange: refreshSoon });
  const socket = connect({ ids, most: Number(line.dataset.most), onUpdate, onState });
  followChecks({
    onResult: (id, current) => {
      apply(id, current);
      refreshSoon();
    },
    onSaid: announce,
  });
  setInterval(tick, 1000);
  tick();

  document.addEventListener("visibilitychange", () => {
    if (!document.hidden && !isWhole()) look();
  });

  async function look() {
    if (isLooking) return;
    isLooking = true;
    const before = main.querySelector("h1")?.textContent;
    isLost = !(await refresh());
    isLooking = false;
    refreshedAt = now();
    if (!isLost) {
      heardAt = now();
      socket.subscribe(); // whoever is new
      const after = main.querySelector("h1")?.textContent;
      if (after && after !== before) announce(after);
    }
    nextLookAt = now() + pause();
    tick();
  }

  function onUpdate(frame) {
    heardAt = now();
    const row = rowOf(frame.integrationId);
    if (!row) return onHidden(frame);
    if (frame.version <= Number(row.dataset.version)) return;
    row.dataset.version = String(frame.version);
    if (apply(frame.integrationId, frame.health)) refreshSoon();
    else alerts.lookSoon(); // a result may change them though it changes nothing else
    tick();
  }

  function onHidden({ integrationId: id, health, version }) {
    const is = [health.status, health.errorCode, Boolean(health.incident)].join();
    const isOther = hidden.has(id) ? hidden.get(id) !== is : version > others().get(id);
    hidden.set(id, is);
    if (isOther) refreshSoon(); // the filter may show it now
    tick();
  }

  /** Say whether everything of this page is told of by the socket. */
  function isWhole() {
    return state === "live" && ids().every(socket.follows);
  }

  /** Return how long the page waits until it looks again by itself. */
  function pause() {
    return isWhole() && !isLost ? LOOK_ANYWAY_MS : LOOK_EVERY_MS;
  }

  function followed() {
    const all = ids();
    return `${all.filter(socket.follows).length.toLocaleString("en")} of ${all.length.toLocaleString("en")}`;
  }

  function onState(is) {
    state = is;
    if (is === "live") {
      heardAt = now();
      nextLookAt = now() + pause();
      // Between the page and the socket something may have happened.
      if (isLost) refreshSoon();
    } else {
      nextLookAt = Math.min(nextLookAt, now() + LOOK_EVERY_MS);
    }
    tick();
  }

  function refreshSoon() {
    if (waiting) return;
    const wait = Math.max(250, refreshedAt + REFRESH_GAP_MS - now());
    waiting = setTimeout(() => {
      waiting = 0;
      look();
    }, wait);
  }

  function tick() {
    if (now() >= nextLookAt && !document.hidden) look();
    const [is, said] = sentence();
    if (line.dataset.live !== is) line.dataset.live = is;
    if (text.textContent !== said) text.textContent = said;
  }

  function sentence() {
    if (isLost) return ["lost", `Showing the last known state of ${clockTime(heardAt, document.documentElement.dataset.zone)}`];
    if (state === "reconnecting") return ["reconnecting", "Reconnecting…"];
    const lateBy = now() - dueAt();
    if (lateBy > LATE_MS) return ["old", `Data is ${span((now() - newestCheck()) / 1000)} old`];
    const again = span(Math.max(0, nextLookAt - now()) / 1000);
    if (state === "refused") return ["polling", `Not live; looking again in ${again}`];
    if (!isWhole()) return ["polling", `${followed()} are live; looking at all again in ${again}`];
    return ["live", `Live, updated ${span((now() - heardAt) / 1000)} ago`];
  }
}

/** Return whom the page is about: who is shown, and who would be without the filter. */
function ids() {
  const shown = [...document.querySelectorAll("[data-id]")].map((row) => row.dataset.id);
  return [...shown, ...others().keys()];
}

/** Return whom the filter does not show, each with the version that the page was made of. */
function others() {
  const said = document.querySelector("[data-hidden]")?.dataset.hidden.split(" ") ?? [];
  return new Map(said.map((one) => one.split(":")).map(([id, version]) => [id, Number(version)]));
}

function rowOf(id) {
  return document.querySelector(`[data-id="${CSS.escape(id)}"]`);
}

/** Put what is new into a row; return whether more than times changed. */
function apply(id, health) {
  const row = rowOf(id);
  if (!row) return false;
  const [last, next] = row.querySelectorAll("[data-last], [data-next]");
  if (last && health.lastCheckAt) setTime(last.querySelector("time") ?? last, health.lastCheckAt);
  if (next && health.nextCheckAt) setTime(next.querySelector("time") ?? next, health.nextCheckAt);
  const isPaused = health.nextCheckAt === null;
  const isSame = row.dataset.state === health.status && row.dataset.error === (health.errorCode ?? "");
  if (isSame && !isPaused && Boolean(row.dataset.incident) === Boolean(health.incident)) return false;
  const pill = row.querySelector(".pill");
  if (pill && row.dataset.state !== "paused" && WORDS[health.status]) {
    pill.className = `pill ${health.status}`;
    pill.querySelector("use").setAttribute("href", `#i-${health.status}`);
    pill.querySelector("[data-word]").textContent = WORDS[health.status];
  }
  return true;
}

function times(selector) {
  return [...document.querySelectorAll(selector)].map((time) => Date.parse(time.dateTime)).filter(Number.isFinite);
}

function dueAt() {
  return Math.min(...times("[data-next] time"), Infinity);
}

function newestCheck() {
  return Math.max(...times("[data-last] time"), 0);
}

function announce(sentence) {
  if (!announcer) return;
  announcer.textContent = sentence;
  announcer.hidden = false;
}
