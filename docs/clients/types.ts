// Made by `make docs` from ../openapi.json: do not edit.
// Every instant is RFC 3339 in UTC; members may be added to any object in later versions.

/** Who looks after an alert. */
export type Acknowledgement = {
  /** Since when. */
  at: string;
  by: AcknowledgementByEnum;
  /** Null: none, or not for you. */
  note: string | null;
};

export type AcknowledgementByEnum = "you" | "owner" | "support";

/** Somebody should look at an integration, or need not any more. */
export type Alert = {
  id: string;
  integrationId: string;
  userId: string;
  service: string;
  provider: string;
  /** `recovered` ends another alert. */
  type: AlertType;
  severity: Severity;
  /** A sentence for people. */
  message: string;
  errorCode: ErrorCode | NullEnum;
  /** Whose fault it is. */
  cause: Cause | NullEnum;
  /** It fails and recovers again and again. */
  flapping: boolean;
  /** Of the first bad check, as far as it is known. */
  since: string;
  openedAt: string;
  /** When it became worse. Null: it did not. */
  escalatedAt: string | null;
  /** Null: it is open. */
  resolvedAt: string | null;
  /** When the first message about it went out. */
  sentAt: string | null;
  telling: Telling;
  /** For people: what happens next. Null: nothing. */
  next: string | null;
  /** Null: nobody looks after it. */
  acknowledgement: Acknowledgement | null;
  /** The provider's incident that it was part of. */
  incidentId: string | null;
  /** Of type `recovered`: the alert that is over. */
  endsAlertId: string | null;
};

/** Some alerts, the newest first. */
export type AlertPage = {
  items: Alert[];
  /** The `cursor` of the next page. Null: this is the last. */
  nextCursor: string | null;
};

export type AlertType = "failure" | "degraded" | "recovered";

/** An alert, and how it came to what it is. */
export type AlertWithDecisions = {
  id: string;
  integrationId: string;
  userId: string;
  service: string;
  provider: string;
  /** `recovered` ends another alert. */
  type: AlertType;
  severity: Severity;
  /** A sentence for people. */
  message: string;
  errorCode: ErrorCode | NullEnum;
  /** Whose fault it is. */
  cause: Cause | NullEnum;
  /** It fails and recovers again and again. */
  flapping: boolean;
  /** Of the first bad check, as far as it is known. */
  since: string;
  openedAt: string;
  /** When it became worse. Null: it did not. */
  escalatedAt: string | null;
  /** Null: it is open. */
  resolvedAt: string | null;
  /** When the first message about it went out. */
  sentAt: string | null;
  telling: Telling;
  /** For people: what happens next. Null: nothing. */
  next: string | null;
  /** Null: nobody looks after it. */
  acknowledgement: Acknowledgement | null;
  /** The provider's incident that it was part of. */
  incidentId: string | null;
  /** Of type `recovered`: the alert that is over. */
  endsAlertId: string | null;
  /** Each message about it, and what is held back. */
  told: Telling[];
  /** The last hundred, the newest first. */
  decisions: Decision[];
};

/** An hour or a day in numbers. */
export type Bucket = {
  /** Its beginning. */
  from: string;
  /** Its end. */
  to: string;
  uptimePercent: number | null;
  /** 0: an earlier check speaks for this time. */
  totalChecks: number;
  healthyChecks: number;
  degradedChecks: number;
  unhealthyChecks: number;
  /** Null: nothing was measured. */
  p50ResponseTimeMs: number | null;
  /** Null: nothing was measured. */
  p95ResponseTimeMs: number | null;
};

/** Some hours or days, the newest first; those of which nothing is known are left out. */
export type BucketPage = {
  /** From this instant on. */
  from: string;
  /** Up to this. */
  to: string;
  nextCursor: string | null;
  resolution: BucketPageResolutionEnum;
  items: Bucket[];
};

export type BucketPageResolutionEnum = "hour" | "day";

export type Cause = "user_grant" | "user_scope" | "provider" | "service" | "ours";

/** What a check heard. */
export type CheckDetails = {
  /** The provider's own word. */
  serverStatus: string | null;
  serviceCheck: ServiceCheck;
};

/** The result of a check. */
export type CheckResult = {
  status: Status;
  /** Null: nothing answered. */
  responseTimeMs: number | null;
  /** True: nothing was asked, this was known. */
  cached: boolean;
  details: CheckDetails;
  current: Current;
};

/** A check that goes on. `Location` is where its result will be. */
export type CheckRunning = {
  state: CheckRunningStateEnum;
  /** How it was before. */
  current: Current;
};

export type CheckRunningStateEnum = "running";

export type ComposioEvent = {
  /** What happened; most of it has no effect. */
  type: string;
  /** The connected account, of which `id` is read. */
  data: Record<string, unknown>;
};

/** How an integration is now. */
export type Current = {
  /** Under an incident what is healthy reads degraded. */
  status: Status;
  /** Of the last check, when something answered. */
  responseTimeMs: number | null;
  /** Null: not checked yet. */
  lastCheckAt: string | null;
  /** Null: paused. */
  nextCheckAt: string | null;
  /** Since when it has this status. */
  statusSince: string | null;
  /** Bad checks in a row. */
  consecutiveFailures: number;
  errorCode: ErrorCode | NullEnum;
  /** A sentence for people. */
  errorMessage: string | null;
  /** Whose fault it is. */
  cause: Cause | NullEnum;
  /** Where its owner reconnects it. */
  reauthUrl: string | null;
  incident: Incident | null;
  /** Grows with each result, and when an incident begins or ends. */
  version: number;
};

/** What was decided about an alert, and why. */
export type Decision = {
  at: string;
  by: DecisionByEnum;
  verdict: Verdict;
  says: string;
};

export type DecisionByEnum = "engine" | "you" | "owner" | "support";

/** One finished check. */
export type Entry = {
  /** When. */
  checkedAt: string;
  status: Status;
  /** Null: nothing answered. */
  responseTimeMs: number | null;
  errorCode: ErrorCode | NullEnum;
  errorMessage: string | null;
};

export type ErrorCode = "slow" | "timeout" | "unreachable" | "server_error" | "bad_response" | "service_error" | "auth_expired" | "permission" | "disconnected" | "pending" | "probe_misconfigured" | "rate_limited" | "key_rejected" | "internal_error";

/** Something that was sent and cannot be taken. */
export type FieldError = {
  /** `a.0.b` is within `a`; empty: all of it. */
  field: string;
  problem: string;
  /** What to send instead. */
  remedy: string;
};

/** How an integration is and was, and who is told of it. */
export type Health = {
  integrationId: string;
  service: string;
  provider: string;
  current: Current;
  /** The last hundred checks, the newest first. */
  history: Entry[];
  statistics: Statistics;
  /** What is said here was so at this instant. */
  asOf: string;
  stale: boolean;
  /** What is open, the newest first. */
  alerts: Alert[];
  source: SourceEnum;
};

export type History = HistoryPage | BucketPage;

/** Some checks, the newest first. */
export type HistoryPage = {
  /** From this instant on. */
  from: string;
  /** Up to this. */
  to: string;
  nextCursor: string | null;
  resolution: HistoryPageResolutionEnum;
  items: Entry[];
};

export type HistoryPageResolutionEnum = "raw";

/** A provider, or a service, that fails for many. */
export type Incident = {
  id: string;
  /** Null: whichever provider. */
  provider: string | null;
  /** Null: every service. */
  service: string | null;
  cause: string;
  /** Since when. */
  openedAt: string;
};

/** One user's connection to one service through one provider. */
export type Integration = {
  id: string;
  userId: string;
  service: string;
  provider: string;
  /** Empty: none was given. */
  displayName: string;
  /** False: paused. */
  enabled: boolean;
  intervalSeconds: number;
  /** When the user connected it, if known. */
  connectedAt: string | null;
  /** Since when it is watched. */
  createdAt: string;
  health: Current;
};

/** Some integrations, in the order in which they were added. */
export type IntegrationPage = {
  items: Integration[];
  /** The `cursor` of the next page. Null: this is the last. */
  nextCursor: string | null;
};

/** A provider, or a service, that fails or failed for many. */
export type KnownIncident = {
  id: string;
  /** Null: whichever provider. */
  provider: string | null;
  /** Null: every service. */
  service: string | null;
  cause: string;
  /** Since when. */
  openedAt: string;
  /** Null: it goes on. */
  closedAt: string | null;
  /** The wider incident that it became part of. Null: none. */
  continuedBy: string | null;
  /** Null: too few to be nobody in particular. */
  affectedUsers: number | null;
};

/** That the caller looks after an alert. */
export type NewAcknowledgement = {
  /** What you do about it. */
  note?: string;
};

/** What is to be watched. The members after `enabled` are for a back end with an API key. */
export type NewIntegration = {
  /** False: paused. */
  enabled?: boolean;
  displayName?: string;
  intervalSeconds?: number;
  service: string;
  provider: Provider;
  serverInstanceId: string;
  /** An http or https address. */
  serverUrl?: string;
  serverToken?: string;
  /** Your id of the user, or ours. */
  user?: string;
  /** Where the user is told of alerts. Empty: nowhere any more. */
  userEmail?: string;
  providerUserId?: string;
  authConfigId?: string;
  probePolicy?: ProbePolicyEnum;
  probeEvery?: number;
  probeTool?: string;
  probeArguments?: Record<string, unknown>;
};

export type NullEnum = null;

/** What may be changed; what is left out stays. */
export type PatchedIntegrationChange = {
  /** False: paused. */
  enabled?: boolean;
  displayName?: string;
  intervalSeconds?: number;
};

export type ProbePolicyEnum = "always" | "every_nth" | "on_suspicion";

/** What went wrong (RFC 9457). Some problems have further members. */
export type Problem = {
  /** The kind of problem. */
  type: string;
  title: string;
  status: number;
  /** What to do about it, for people. */
  detail: string;
  /** This request. */
  instance: string;
  /** The kind of problem, for programs. */
  code: string;
  /** As in the header and in our log. */
  requestId: string;
  errors: FieldError[];
};

export type Provider = "composio" | "klavis" | "mcp";

/** Some incidents: open ones first, then the newest. */
export type ProviderIncidentPage = {
  items: KnownIncident[];
  /** The `cursor` of the next page. Null: this is the last. */
  nextCursor: string | null;
};

/** Where the owner of an integration connects it again. */
export type ReauthLink = {
  /** A page of ours; it asks its owner to sign in. */
  url: string;
  /** Fourteen days from now. */
  expiresAt: string;
};

/** What a check says of the service itself. */
export type ServiceCheck = {
  /** Null: it says nothing. */
  healthy: boolean | null;
  message: string;
};

export type Severity = "critical" | "warning" | "info";

/** A ticket for one WebSocket. */
export type SocketTicket = {
  /** For `/health-updates?ticket=...`, once. */
  ticket: string;
  /** It opens nothing from then on. */
  expiresAt: string;
};

export type SourceEnum = "live" | "cache";

/** The checks of `history` in numbers. */
export type Statistics = {
  /** Of the time that was observed. */
  uptimePercent: number | null;
  totalChecks: number;
  healthyChecks: number;
  degradedChecks: number;
  unhealthyChecks: number;
  averageResponseTimeMs: number | null;
  p95ResponseTimeMs: number | null;
};

export type Status = "unknown" | "healthy" | "degraded" | "unhealthy";

/** Whether somebody was told, when, or why not yet. */
export type Telling = {
  state: TellingState;
  /** For people: `Not sent, because the same was told not long ago.` */
  says: string;
  /** When it was, or will be. Null: not known. */
  at: string | null;
  /** Until when it is held back. Null: until something changes. */
  until: string | null;
};

export type TellingState = "told" | "planned" | "failed" | "held_back" | "nobody";

export type Verdict = "opened" | "escalated" | "told" | "held_back" | "flapping" | "acknowledged" | "unacknowledged" | "resolved";

/** What each operation takes and answers, by its `operationId`. */
export interface Operations {
  /** Say that the caller looks after an alert; who said so first stays. Nobody is told of it any more, but that it is over. An alert that was over before anybody looked after it is refused with 409. */
  acknowledgeAlert: {
    method: "POST";
    path: "/api/alerts/{alert_id}/acknowledge";
    query: Record<string, never>;
    body: NewAcknowledgement;
    answer: AlertWithDecisions;
  };
  /** Watch an integration; it is checked at once. */
  addIntegration: {
    method: "POST";
    path: "/api/integrations";
    query: Record<string, never>;
    body: NewIntegration;
    answer: Integration;
  };
  /** Pause, resume, rename, or look more or less often; what resumes is checked at once. */
  changeIntegration: {
    method: "PATCH";
    path: "/api/integrations/{integration_id}";
    query: Record<string, never>;
    body: PatchedIntegrationChange;
    answer: Integration;
  };
  /** Check an integration and answer with the result, or say where it will be. */
  checkNow: {
    method: "POST";
    path: "/api/integrations/{integration_id}/health/check";
    query: Record<string, never>;
    body: undefined;
    answer: CheckResult | CheckRunning;
  };
  /** Issue a one-time ticket that opens `/health-updates` as the caller. */
  issueSocketTicket: {
    method: "POST";
    path: "/api/ws-ticket";
    query: Record<string, never>;
    body: undefined;
    answer: SocketTicket;
  };
  /** List alerts with whether somebody was told, or why not yet; the newest first. */
  listAlerts: {
    method: "GET";
    path: "/api/alerts";
    query: {
      /** `nextCursor` of the page before. */
      cursor?: string;
      /** Repeatable. */
      integrationId?: string[];
      /** How many a page holds. */
      limit?: number;
      /** False: what is over. Left out: both. */
      open?: boolean;
      severity?: ("critical" | "info" | "warning")[];
    };
    body: undefined;
    answer: AlertPage;
  };
  /** List providers' incidents: open ones first, then the newest. */
  listIncidents: {
    method: "GET";
    path: "/api/incidents";
    query: {
      /** `nextCursor` of the page before. */
      cursor?: string;
      /** How many a page holds. */
      limit?: number;
      /** False: what is over. Left out: both. */
      open?: boolean;
      /** What concerns one. */
      provider?: ("composio" | "klavis" | "mcp")[];
      /** What concerns one. */
      service?: string[];
    };
    body: undefined;
    answer: ProviderIncidentPage;
  };
  /** List integrations with their current health, in the order in which they were added. */
  listIntegrations: {
    method: "GET";
    path: "/api/integrations";
    query: {
      /** `nextCursor` of the page before. */
      cursor?: string;
      /** False: what is paused. */
      enabled?: boolean;
      /** How many a page holds. */
      limit?: number;
      provider?: ("composio" | "klavis" | "mcp")[];
      /** Repeatable. */
      service?: string[];
      /** As it is shown. */
      status?: ("degraded" | "healthy" | "unhealthy" | "unknown")[];
      /** For a back end: your id of a user, or ours. */
      user?: string;
    };
    body: undefined;
    answer: IntegrationPage;
  };
  /** Make a link for the owner of an integration; it leads to the provider's own sign-in. */
  reauthenticate: {
    method: "POST";
    path: "/api/integrations/{integration_id}/reauthenticate";
    query: Record<string, never>;
    body: undefined;
    answer: ReauthLink;
  };
  /** Hear an event of Composio; what an account that expired serves is checked at once. */
  receiveComposioEvent: {
    method: "POST";
    path: "/api/hooks/composio";
    query: Record<string, never>;
    body: ComposioEvent;
    answer: undefined;
  };
  /** Stop watching an integration, and forget it. */
  removeIntegration: {
    method: "DELETE";
    path: "/api/integrations/{integration_id}";
    query: Record<string, never>;
    body: undefined;
    answer: undefined;
  };
  /** Show an alert, who was told of it, and what was decided about it and why. */
  showAlert: {
    method: "GET";
    path: "/api/alerts/{alert_id}";
    query: Record<string, never>;
    body: undefined;
    answer: AlertWithDecisions;
  };
  /** Show the current health, open alerts, the last hundred checks, and these in numbers. */
  showHealth: {
    method: "GET";
    path: "/api/integrations/{integration_id}/health";
    query: Record<string, never>;
    body: undefined;
    answer: Health;
  };
  /** Show checks, hours or days, the newest first; what nothing is known of is left out. */
  showHistory: {
    method: "GET";
    path: "/api/integrations/{integration_id}/health/history";
    query: {
      /** `nextCursor` of the page before. */
      cursor?: string;
      /** A day before `to` when it is left out. */
      from?: string;
      /** How many a page holds. */
      limit?: number;
      /** `raw`: every check, of 31 days at most. `hour`: of 93 days. `day`: of 400 days. Hours and days are whole ones, of UTC. */
      resolution?: "day" | "hour" | "raw";
      /** Now when it is left out. */
      to?: string;
    };
    body: undefined;
    answer: History | string;
  };
  /** Show an integration with its current health. */
  showIntegration: {
    method: "GET";
    path: "/api/integrations/{integration_id}";
    query: Record<string, never>;
    body: undefined;
    answer: Integration;
  };
}
