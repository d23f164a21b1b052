// Give every cell of a bar a name, a place for the keyboard, and a card.
//
// Left and right go through the cells, up and down through the rows, Home and End to the ends;
// Enter pins the card, Escape closes it. A finger or a mouse moves along the bar.

const WORDS = { o: "100 %", w: "degraded", b: "down", i: "incident", x: "incident", g: "not watched", n: "no data" };
const KEYS = { ArrowLeft: -1, ArrowRight: 1, Home: -Infinity, End: Infinity };
const ROWS = { ArrowUp: -1, ArrowDown: 1 };
const SPACE = 8;

let labels = []; // of the cells; they change while the page is open
const card = document.createElement("div");
card.className = "tip";
card.hidden = true;
card.id = "cell-card";
const title = document.createElement("b");
const said = document.createElement("span");
card.append(title, said);
let pinned = null; // the cell whose card stays
let shown = null; // the cell whose card is seen

const eager = 40; // bars; beyond, each is made when it comes near
const near = new IntersectionObserver((entries) => {
  for (const entry of entries) if (entry.isIntersecting) fill(entry.target);
}, { rootMargin: "400px" });

/** Make the bars within an element usable, and follow what is done with them. */
export function followBars(root) {
  document.body.append(card);
  root.addEventListener("focusin", (event) => isCell(event.target) && show(event.target));
  root.addEventListener("focusout", () => close());
  root.addEventListener("keydown", onKey);
  root.addEventListener("pointermove", (event) => {
    const cell = cellAt(event);
    if (cell) show(cell);
  });
  root.addEventListener("pointerleave", () => close());
  root.addEventListener("pointerout", (event) => event.target.closest(".bar") && close());
  root.addEventListener("click", (event) => {
    const cell = cellAt(event);
    if (!cell) return;
    cell.focus({ preventScroll: true });
    pin(cell);
  });
  addEventListener("scroll", () => place(), { passive: true });
  addEventListener("resize", () => place(), { passive: true });
}

/** Make the bars usable that are new within an element. */
export function prepareBars(root) {
  labels = JSON.parse(document.getElementById("labels")?.textContent ?? "[]");
  if (pinned && !pinned.isConnected) unpin();
  if (shown && !shown.isConnected) close();
  const bars = root.querySelectorAll(".bar:not([data-filled])");
  for (const bar of bars) bars.length > eager ? near.observe(bar) : fill(bar);
}

function fill(bar) {
  if ("filled" in bar.dataset) return;
  bar.dataset.filled = "";
  near.unobserve(bar);
  const notes = new Map(bar.dataset.notes.split("|").filter(Boolean).map((note) => {
    const space = note.indexOf(" ");
    return [Number(note.slice(0, space)), note.slice(space + 1)];
  }));
  const cells = document.createElement("div");
  cells.className = "cells";
  cells.setAttribute("role", "group");
  cells.setAttribute("aria-label", bar.dataset.name);
  [...bar.dataset.bar].forEach((tone, index) => {
    const cell = document.createElement("span");
    cell.className = "cell";
    cell.dataset.tone = tone;
    cell.tabIndex = -1;
    cell.setAttribute("role", "img");
    cell.setAttribute("aria-label", `${labels[index]}: ${notes.get(index) ?? WORDS[tone]}`);
    cells.append(cell);
  });
  cells.lastElementChild.tabIndex = 0;
  // The cells speak now, one by one.
  const drawing = bar.firstElementChild;
  drawing.removeAttribute("role");
  drawing.removeAttribute("aria-label");
  drawing.setAttribute("aria-hidden", "true");
  bar.append(cells);
}

function isCell(element) {
  return element instanceof HTMLElement && element.classList.contains("cell");
}

function cellAt(event) {
  const bar = event.target.closest?.(".bar");
  if (!bar) return null;
  fill(bar);
  const cells = bar.lastElementChild.children;
  const { left, width } = bar.getBoundingClientRect();
  const index = Math.floor(((event.clientX - left) / width) * cells.length);
  return cells[Math.min(Math.max(index, 0), cells.length - 1)];
}

function onKey(event) {
  if (event.key === "Escape") {
    unpin();
    close();
    return;
  }
  if (!isCell(event.target)) return;
  const cell = event.target;
  if (event.key === "Enter" || event.key === " ") pin(cell);
  else if (event.key in KEYS) move(along(cell, KEYS[event.key]));
  else if (event.key in ROWS) move(across(cell, ROWS[event.key]));
  else return;
  event.preventDefault();
}

function along(cell, step) {
  const cells = [...cell.parentElement.children];
  const index = cells.indexOf(cell) + step;
  return cells[Math.min(Math.max(index, 0), cells.length - 1)];
}

function across(cell, step) {
  const bars = [...document.querySelectorAll(".bar")].filter((bar) => bar.checkVisibility());
  const bar = bars[bars.indexOf(cell.closest(".bar")) + step];
  if (!bar) return cell;
  fill(bar);
  const cells = bar.lastElementChild.children;
  return cells[Math.min([...cell.parentElement.children].indexOf(cell), cells.length - 1)];
}

function move(cell) {
  for (const other of cell.parentElement.children) other.tabIndex = other === cell ? 0 : -1;
  cell.focus();
}

function pin(cell) {
  const isSame = pinned === cell;
  unpin();
  if (isSame) return;
  pinned = cell;
  card.dataset.pinned = "";
  show(cell);
}

function unpin() {
  pinned = null;
  delete card.dataset.pinned;
}

function show(cell) {
  if (pinned && cell !== pinned) return;
  shown?.removeAttribute("data-shown");
  shown = cell;
  cell.dataset.shown = "";
  const name = cell.getAttribute("aria-label");
  const colon = name.indexOf(": ");
  const isDay = !/\d:\d/.test(name.slice(0, colon));
  title.textContent = name.slice(0, colon) + (isDay && document.documentElement.dataset.zone !== "UTC" ? " (UTC day)" : "");
  said.textContent = name.slice(colon + 2);
  card.dataset.tone = cell.dataset.tone;
  card.hidden = false;
  place();
}

function close() {
  if (pinned) return;
  card.hidden = true;
  shown?.removeAttribute("data-shown");
  shown = null;
}

function place() {
  if (!shown || card.hidden) return;
  const cell = shown.getBoundingClientRect();
  const { width, height } = card.getBoundingClientRect();
  const left = cell.left + cell.width / 2 - width / 2;
  const most = document.documentElement.clientWidth - width - SPACE;
  const above = cell.top - height - SPACE;
  card.style.left = `${Math.max(SPACE, Math.min(left, most))}px`;
  card.style.top = `${above > SPACE ? above : cell.bottom + SPACE}px`;
}
