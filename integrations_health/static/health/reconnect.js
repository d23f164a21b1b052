// The page on which somebody connects again: once they are back, it waits for the first check.

import { refresh } from "./board.js";
import { connect } from "./live.js";

const LOOK_EVERY_MS = 5_000;
const part = () => document.querySelector("[data-part=reconnect]");
let isLooking = false;

if (part()?.dataset.stage === "checking") {
  connect({ ids: () => [part().dataset.watched], onUpdate, onState: () => {} });
  setInterval(look, LOOK_EVERY_MS);
}

function onUpdate(frame) {
  if (frame.version > Number(part().dataset.version)) look();
}

async function look() {
  if (isLooking || document.hidden || part().dataset.stage !== "checking") return;
  isLooking = true;
  await refresh();
  isLooking = false;
}
