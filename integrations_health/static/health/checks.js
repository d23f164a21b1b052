// Check now, without leaving the page: by the REST API, with its cooldown counted down.

import { now } from "./clock.js";

const EVERY_MS = 1000;

/** Follow the buttons. `onResult` is told how an integration is; `onSaid` gets a sentence. */
export function followChecks({ onResult, onSaid }) {
  document.addEventListener("click", (event) => {
    const button = event.target.closest?.("[data-check]");
    if (!button) return;
    event.preventDefault();
    if (button.getAttribute("aria-disabled") !== "true") check(button, { onResult, onSaid });
  });
  countDown();
  setInterval(countDown, EVERY_MS);
}

async function check(button, { onResult, onSaid }) {
  const id = button.dataset.check;
  const name = button.dataset.name;
  button.setAttribute("aria-disabled", "true");
  button.textContent = "Checking…";
  let answer;
  let body = {};
  try {
    answer = await fetch(`/api/integrations/${id}/health/check`, {
      method: "POST",
      headers: { Accept: "application/json", "X-CSRFToken": token() },
    });
    body = await answer.json();
  } catch {
    hold(id, 5);
    onSaid(`${name} could not be checked: the server did not answer. Try again.`);
    return;
  }
  if (answer.status === 429) {
    const seconds = Number(answer.headers.get("Retry-After")) || 60;
    hold(id, seconds);
    onSaid(`${name} was checked a moment ago. Again in ${seconds} s.`);
  } else if (answer.status === 202) {
    hold(id, 60);
    onSaid(`The check of ${name} takes longer. The result appears here by itself.`);
  } else if (answer.ok) {
    if (body.cached) hold(id, 5, "Just checked");
    else hold(id, 60);
    onResult(id, body.current);
    onSaid(`${name} is ${body.current.status}${body.cached ? ", checked within the last minute" : ""}.`);
  } else {
    hold(id, 5);
    onSaid(`${name} could not be checked: ${body.detail ?? "try again in a moment."}`);
  }
}

function hold(id, seconds, word = "") {
  // The row may have been replaced meanwhile.
  const button = document.querySelector(`[data-check="${id}"]`);
  if (!button) return;
  button.dataset.freeAt = String(now() + seconds * 1000);
  button.dataset.word = word;
  countDown();
}

function countDown() {
  for (const button of document.querySelectorAll("[data-free-at]")) {
    const freeAt = Number(button.dataset.freeAt) || Date.parse(button.dataset.freeAt);
    const seconds = Math.ceil((freeAt - now()) / 1000);
    button.setAttribute("aria-disabled", String(seconds > 0));
    // The name that is heard says what is seen.
    const heard = `${button.dataset.name}: `;
    if (seconds > 0) {
      button.textContent = button.dataset.word || `Check in ${seconds} s`;
    } else {
      button.textContent = "Check now";
      delete button.dataset.freeAt;
    }
    button.setAttribute("aria-label", heard + button.textContent);
  }
}

function token() {
  return document.querySelector("[name=csrfmiddlewaretoken]")?.value ?? "";
}
