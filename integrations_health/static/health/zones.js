// Offer the names of time zones where one is typed, the machine's own first.

export function offerZones() {
  const list = document.getElementById("timezones");
  if (!list || !Intl.supportedValuesOf) return;
  const own = Intl.DateTimeFormat().resolvedOptions().timeZone;
  for (const name of new Set([own, "UTC", ...Intl.supportedValuesOf("timeZone")])) {
    list.append(new Option(name, name));
  }
}
