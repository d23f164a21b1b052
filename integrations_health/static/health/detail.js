// The page of one integration, live: what changed is fetched, and takes the place of what was.

import { followAlerts } from "./alerts.js";
import { followBars, prepareBars } from "./bars.js";
import { refresh } from "./board.js";
import { followChecks } from "./checks.js";
import { now, span } from "./clock.js";
import { connect } from "./live.js";

const LOOK_EVERY_MS = 30_000; // without a socket
const LOOK_ANYWAY_MS = 300_000; // with one, which does not tell that it was removed
const main = document.getElementById("main");
const { watched, version } = document.getElementById("watched").dataset;
const line = document.querySelector("[data-live]");
const announcer = document.querySelector("[data-announce]");
let known = Number(version);
let state = "reconnecting"; // of the socket: live, reconnecting, refused
let isLost = false; // the page could not be fetched
let isLooking = false;
let isStale = false; // something changed while the page was fetched
let heardAt = now();
let lookAt = now() + LOOK_EVERY_MS; // a socket that never opens may take minutes to say so

followBars(main);
prepareBars(main);
connect({ ids: () => [watched], onUpdate, onState });
followChecks({ onResult: look, onSaid: announce });
followAlerts({ onChange: look });
setInterval(tick, 1000);

async function look() {
  isStale = true;
  if (isLooking) return;
  isLooking = true;
  while (isStale) {
    isStale = false;
    const opened = [...main.querySelectorAll("details")].map((one) => one.open);
    isLost = !(await refresh());
    main.querySelectorAll("details").forEach((one, index) => (one.open = Boolean(opened[index])));
  }
  isLooking = false;
  lookAt = now() + (state === "live" && !isLost ? LOOK_ANYWAY_MS : LOOK_EVERY_MS);
  if (!isLost) heardAt = now();
  tick();
}

function onUpdate(frame) {
  if (frame.integrationId !== watched) return;
  heardAt = now();
  if (!(frame.version > known)) return;
  known = frame.version;
  look();
}

function onState(is) {
  state = is;
  if (is === "live") {
    lookAt = now() + LOOK_ANYWAY_MS;
    if (isLost) look();
  } else {
    lookAt = Math.min(lookAt, now() + LOOK_EVERY_MS);
  }
  tick();
}

function tick() {
  if (now() >= lookAt && !document.hidden) {
    lookAt = Infinity;
    look();
  }
  // What without scripts stands beside the button, the button itself says.
  main.querySelector("[data-held]")?.remove();
  const [is, said] = sentence();
  line.dataset.live = is;
  const text = line.querySelector("[data-live-text]");
  if (text.textContent !== said) text.textContent = said;
}

function sentence() {
  const ago = `${span((now() - heardAt) / 1000)} ago`;
  if (isLost) return ["lost", `The server does not answer; this is as of ${ago}`];
  if (state === "live") return ["live", `Live, updated ${ago}`];
  if (state === "reconnecting") return ["reconnecting", "Reconnecting\u2026"];
  return ["polling", `Updated ${ago}, again in ${span(Math.max(0, lookAt - now()) / 1000)}`];
}

function announce(sentence) {
  announcer.textContent = sentence;
  announcer.hidden = false;
}
