/** Calls of the API, typed by the operation: `await call(service, "listIntegrations", {...})`. */
import type { Operations, Problem } from "./types.ts";

export interface Service {
  /** For example `https://health.example.com`. */
  url: string;
  /** A token of your user, or an API key of your back end. */
  token: string;
}

/** What the service refused, and why. */
export class Refused extends Error {
  constructor(readonly problem: Problem, readonly retryAfterSeconds: number | null) {
    super(problem.detail);
  }
}

/** What Composio calls by itself is nobody else's. */
type Name = Exclude<keyof Operations, "receiveComposioEvent">;

export interface Sent<N extends Name> {
  /** The id in the path, where there is one. */
  id?: string;
  query?: Operations[N]["query"];
  body?: Operations[N]["body"];
}

const PATHS: { [N in Name]: [Operations[N]["method"], Operations[N]["path"]] } = {
  listIntegrations: ["GET", "/api/integrations"],
  addIntegration: ["POST", "/api/integrations"],
  showIntegration: ["GET", "/api/integrations/{integration_id}"],
  changeIntegration: ["PATCH", "/api/integrations/{integration_id}"],
  removeIntegration: ["DELETE", "/api/integrations/{integration_id}"],
  showHealth: ["GET", "/api/integrations/{integration_id}/health"],
  showHistory: ["GET", "/api/integrations/{integration_id}/health/history"],
  checkNow: ["POST", "/api/integrations/{integration_id}/health/check"],
  reauthenticate: ["POST", "/api/integrations/{integration_id}/reauthenticate"],
  listAlerts: ["GET", "/api/alerts"],
  showAlert: ["GET", "/api/alerts/{alert_id}"],
  acknowledgeAlert: ["POST", "/api/alerts/{alert_id}/acknowledge"],
  listIncidents: ["GET", "/api/incidents"],
  issueSocketTicket: ["POST", "/api/ws-ticket"],
};

/** Sends a request and returns what is answered. Throws Refused. */
export async function call<N extends Name>(
  service: Service,
  name: N,
  sent: Sent<N> = {},
): Promise<Operations[N]["answer"]> {
  const [method, path] = PATHS[name];
  const address = new URL(path.replace(/\{\w+\}/, sent.id ?? ""), service.url);
  for (const [key, value] of Object.entries(sent.query ?? {})) {
    for (const one of [value].flat()) address.searchParams.append(key, String(one));
  }
  const headers: Record<string, string> = {
    Authorization: `Bearer ${service.token}`,
    Accept: "application/json",
  };
  if (sent.body !== undefined) headers["Content-Type"] = "application/json";
  const body = sent.body === undefined ? undefined : JSON.stringify(sent.body);
  const answer = await fetch(address, { method, headers, body });
  if (!answer.ok) {
    const seconds = answer.headers.get("Retry-After");
    throw new Refused((await answer.json()) as Problem, seconds === null ? null : Number(seconds));
  }
  return answer.status === 204 ? undefined as Operations[N]["answer"] : await answer.json();
}
