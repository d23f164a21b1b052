// Presses "Check now" without leaving the page: asks the API, says how it went, counts down until
// the button is free again. Forms are marked `data-check-now` with the API's address.

const CHECKED = "health:checked";
// By address: when each button is free again, and how its last press went. They outlive the forms,
// which live updates replace.
const freeAt = new Map();
const said = new Map();
const REASONS = {
  403: "You may not do that.",
  404: "It is not there any more.",
  409: "Its check failed on our side again and again. We try again within an hour.",
  503: "That is not possible right now. Try again in a minute.",
};

export function onChecked(listener) {
  document.addEventListener(CHECKED, listener);
}

function say(form, words) {
  said.set(form.dataset.checkNow, words);
  form.querySelector("[data-said]").textContent = words;
}

function hold(form, seconds) {
  freeAt.set(form.dataset.checkNow, Date.now() + 1000 * seconds);
}

async function press(form) {
  const button = form.querySelector("button");
  button.disabled = true;
  say(form, "Checking\u2026");
  try {
    const answer = await fetch(form.dataset.checkNow, {
      method: "POST",
      credentials: "same-origin",
      headers: { "X-CSRFToken": form.querySelector("[name=csrfmiddlewaretoken]").value },
    });
    const wait = Number(answer.headers.get("Retry-After"));
    if (answer.status === 429) hold(form, wait || 60);
    else if (answer.status === 202) say(form, "Still checking\u2026");
    else if (!answer.ok) say(form, REASONS[answer.status] ?? "That did not work. Try again.");
    else {
      const result = await answer.json();
      if (!result.cached) hold(form, 60);
      say(form, result.cached ? "It worked less than a minute ago." : `Checked: ${result.status}.`);
      document.dispatchEvent(new CustomEvent(CHECKED));
    }
  } catch {
    say(form, "The service did not answer. Try again.");
  }
  button.disabled = false;
  countDown();
}

function countDown() {
  for (const form of document.querySelectorAll("[data-check-now]")) {
    const address = form.dataset.checkNow;
    // What the server said when it made the form.
    if (Number(form.dataset.held) > 0) {
      hold(form, Number(form.dataset.held));
      form.dataset.held = "0";
      say(form, said.get(address) ?? "");
    }
    if (!freeAt.has(address)) continue;
    const left = Math.ceil((freeAt.get(address) - Date.now()) / 1000);
    const button = form.querySelector("button");
    button.disabled = left > 0;
    button.textContent = left > 0 ? `Check in ${left} s` : "Check now";
    if (left <= 0) {
      freeAt.delete(address);
      say(form, "");
    }
  }
}

document.addEventListener("submit", (event) => {
  const form = event.target;
  if (!(form instanceof HTMLFormElement) || form.dataset.checkNow === undefined) return;
  event.preventDefault();
  press(form);
});
setInterval(countDown, 1000);
countDown();
