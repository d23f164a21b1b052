// Keeps the page of one integration up to date: when something changed, the page is asked for anew
// and its part takes the place of the old one.

import { onChecked } from "./check.js";
import { follow } from "./follow.js";

const PART = "[data-live-page]";
const FOCUSABLE = "a, button, summary, [tabindex]";
let isAsking = false;
let isStale = false;
let connection = "still";
let updatedAt = null;

async function refresh() {
  isStale = true;
  if (isAsking) return;
  isAsking = true;
  try {
    while (isStale) {
      isStale = false;
      const answer = await fetch(location.href, { credentials: "same-origin", cache: "no-store" });
      // Somebody who signed out meanwhile is sent to where they sign in.
      if (answer.redirected) location.reload();
      if (!answer.ok) break;
      put(new DOMParser().parseFromString(await answer.text(), "text/html"));
      updatedAt = Date.now();
    }
  } catch {
    // Nothing is lost but this look: the connection tells when there is something newer.
  } finally {
    isAsking = false;
    tell();
  }
}

function put(fresh) {
  const old = document.querySelector(PART);
  const part = fresh.querySelector(PART);
  if (old === null || part === null) return;
  const opened = [...old.querySelectorAll("details")].map((one) => one.open);
  [...part.querySelectorAll("details")].forEach((one, index) => (one.open = Boolean(opened[index])));
  const focused = [...old.querySelectorAll(FOCUSABLE)].indexOf(document.activeElement);
  old.replaceWith(document.importNode(part, true));
  document.title = fresh.title;
  if (focused < 0) return;
  document.querySelectorAll(`${PART} :is(${FOCUSABLE})`)[focused]?.focus({ preventScroll: true });
}

function words(seconds) {
  const age = Math.max(Math.round((Date.now() - updatedAt) / 1000), 0);
  const ago = age < 60 ? `${age} s ago` : `${Math.floor(age / 60)} min ago`;
  if (connection === "live") return `Live, updated ${ago}`;
  if (connection === "polling") return `Updated ${ago}, again in ${seconds} s`;
  return "Reconnecting\u2026";
}

let left = 0;

function tell() {
  const line = document.querySelector("[data-live]");
  if (line === null || connection === "still") return;
  line.dataset.live = connection;
  line.querySelector("[data-live-text]").textContent = words(left);
}

const part = document.querySelector(PART);
if (part !== null) {
  updatedAt = Date.now();
  follow(part.dataset.livePage, {
    version: Number(part.dataset.version),
    changed: refresh,
    state(name, seconds) {
      connection = name;
      left = seconds ?? 0;
      tell();
    },
  });
  onChecked(refresh);
  setInterval(tell, 1000);
}
