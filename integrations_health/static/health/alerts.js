// Notice when what is told of alerts changed. No frame says so: a message goes out, or somebody
// acknowledges an alert, without any check. So the API is asked, which answers 304 while nothing did.

import { now } from "./clock.js";

const LOOK_EVERY_MS = 60_000;
const GAP_MS = 10_000; // between two looks, at least

/** Look every minute, and soon after `lookSoon`; `onChange` is told that the page is not true any more. */
export function followAlerts({ onChange }) {
  let lookedAt = now();
  let waiting = 0;

  async function look() {
    lookedAt = now();
    const { alerts, mark } = document.querySelector("[data-alerts]")?.dataset ?? {};
    if (!alerts || document.hidden) return;
    let answer;
    try {
      answer = await fetch(alerts, { headers: { "If-None-Match": mark }, cache: "no-store" });
    } catch {
      return; // the next look will tell
    }
    const current = document.querySelector("[data-alerts]")?.dataset.mark;
    if (answer.ok && answer.headers.get("ETag") !== current) onChange();
  }

  function lookSoon() {
    if (waiting) return;
    waiting = setTimeout(() => {
      waiting = 0;
      look();
    }, Math.max(0, lookedAt + GAP_MS - now()));
  }

  setInterval(() => {
    if (now() - lookedAt >= LOOK_EVERY_MS) look();
  }, 5_000);
  document.addEventListener("visibilitychange", () => {
    if (!document.hidden && now() - lookedAt >= GAP_MS) look();
  });
  return { lookSoon };
}
