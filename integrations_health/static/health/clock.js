// Tell how long ago, or in how long: `<time data-relative>` elements are kept up to date.

const MINUTE = 60, HOUR = 3600, DAY = 86400;
const EVERY_MS = 1000;
let ahead = 0; // how far this machine's clock is behind the server's, in milliseconds

/** Return the server's time, in milliseconds. */
export function now() {
  return Date.now() + ahead;
}

/** Return a length of time in its largest unit. */
export function span(seconds) {
  if (seconds < MINUTE) return `${Math.max(0, Math.round(seconds))} s`;
  if (seconds < HOUR) return `${Math.floor(seconds / MINUTE)} min`;
  if (seconds < DAY) return `${Math.floor(seconds / HOUR)} h`;
  return `${Math.floor(seconds / DAY)} d`;
}

/** Return an instant as `14:02`, in the time zone of the page's reader. */
export function clockTime(instant, zone) {
  const options = { hour: "2-digit", minute: "2-digit", hourCycle: "h23" };
  try {
    return new Intl.DateTimeFormat("en", { ...options, timeZone: zone }).format(instant);
  } catch {
    return new Intl.DateTimeFormat("en", options).format(instant);
  }
}

/** Make an element tell another instant. */
export function setTime(element, iso) {
  element.dateTime = iso;
  element.title = iso.replace("T", " ").replace(/(\.\d+)?Z$/, " UTC");
  show(element);
}

/** Keep every relative time of the page up to date. */
export function keepTime() {
  const server = document.querySelector("[data-now]")?.dataset.now;
  // Below two seconds it is the way here that took time, not a clock that is wrong.
  const difference = server ? Date.parse(server) - Date.now() : 0;
  ahead = Math.abs(difference) > 2000 ? difference : 0;
  showAll();
  setInterval(() => showAll(), EVERY_MS);
}

/** Show the relative times within an element. */
export function showAll(root = document) {
  for (const element of root.querySelectorAll("time[data-relative]")) show(element);
}

function show(element) {
  const seconds = (Date.parse(element.dateTime) - now()) / 1000;
  if (Number.isNaN(seconds) || Math.abs(seconds) > DAY) return; // the absolute time says more
  let said = `in ${span(seconds)}`;
  if (seconds < 0) said = element.dataset.relative === "due" ? "any moment" : `${span(-seconds)} ago`;
  if (element.textContent !== said) element.textContent = said;
}
