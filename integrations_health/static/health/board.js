// Fetch the page again and put what changed in place of what was: words are made by the server only.

import { showAll } from "./clock.js";
import { prepareBars } from "./bars.js";

const known = new Map(); // what the server last said of each row, to leave alone what is as it was

/** Fetch this page; return whether it could be had. */
export async function refresh() {
  let answer;
  try {
    answer = await fetch(location.href, { credentials: "same-origin", cache: "no-store" });
  } catch {
    return false;
  }
  if (answer.redirected || answer.status === 404) {
    location.reload(); // signed out meanwhile, or it was removed
    return false;
  }
  if (!answer.ok) return false;
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  document.title = page.title;
  const icon = document.querySelector("link[rel=icon]");
  const href = page.querySelector("link[rel=icon]")?.getAttribute("href");
  if (href && icon.getAttribute("href") !== href) icon.setAttribute("href", href);
  keepLabels(page);
  keepRows(page);
  const focused = whereFocusIs();
  for (const part of page.querySelectorAll("[data-part]")) {
    document.querySelector(`[data-part="${part.dataset.part}"]`)?.replaceWith(document.adoptNode(part));
  }
  foldGroups();
  showAll();
  prepareBars(document);
  focused()?.focus({ preventScroll: true });
  return true;
}

/** Fold the groups that were folded before. */
export function foldGroups() {
  const folded = new Set(foldedGroups());
  for (const group of document.querySelectorAll("[data-group]")) group.open = !folded.has(group.dataset.group);
}

/** Remember which groups are folded. */
export function rememberFolds() {
  document.addEventListener("toggle", (event) => {
    const key = event.target.dataset?.group;
    if (!key) return;
    const folded = new Set(foldedGroups());
    if (event.target.open) folded.delete(key);
    else folded.add(key);
    try {
      localStorage.setItem("folded", JSON.stringify([...folded]));
    } catch { /* a browser that keeps nothing */ }
  }, true);
}

function foldedGroups() {
  try {
    return JSON.parse(localStorage.getItem("folded") ?? "[]");
  } catch {
    return [];
  }
}

function keepLabels(page) {
  const labels = document.getElementById("labels");
  const said = page.getElementById("labels")?.textContent;
  if (!labels || !said || labels.textContent === said) return;
  labels.textContent = said;
  known.clear(); // time went on: every cell has another name, even where its row is as it was
}

function keepRows(page) {
  for (const row of page.querySelectorAll("[data-id]")) {
    const said = row.outerHTML;
    const old = document.getElementById(row.id);
    if (old && known.get(row.id) === said) row.replaceWith(old);
    known.set(row.id, said);
  }
}

function whereFocusIs() {
  const element = document.activeElement;
  const row = element?.closest?.("[data-id]");
  const group = element?.closest?.("[data-group]");
  if (row) {
    const index = element.classList.contains("cell") ? [...element.parentElement.children].indexOf(element) : -1;
    return () => {
      const now = document.getElementById(row.id);
      // The same kind of control; a button may be gone, the name never is.
      return index >= 0
        ? now?.querySelectorAll(".cell")[index]
        : now?.querySelector(element.localName) ?? now?.querySelector("a");
    };
  }
  if (group) return () => document.querySelector(`[data-group="${CSS.escape(group.dataset.group)}"] summary`);
  const chosen = element?.closest?.("[data-part] :is(a, button)");
  const name = chosen?.localName === "a" ? "href" : "formaction";
  const where = chosen?.getAttribute(name);
  return () => (where ? document.querySelector(`[data-part] [${name}="${CSS.escape(where)}"]`) : null);
}
