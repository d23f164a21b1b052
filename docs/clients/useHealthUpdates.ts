/**
 * Live health of integrations, in a React app with React Query.
 *
 * The hook of the brief, with types, and with what a network needs: it takes nothing older than it
 * has, comes back by itself, and says whether it is live, so that the page polls while it is not.
 */
import { useEffect, useState } from "react";
import { useQueryClient } from "@tanstack/react-query";
import type { Current, Health, SocketTicket } from "./types.ts";

/** A frame of `/health-updates`. */
export interface Update {
  integrationId: string;
  service: string;
  provider: string;
  health: Current;
  /** Grows with each change of the integration. */
  version: number;
}

export interface Options {
  /** Where the service is, for example `https://health.example.com`. */
  url: string;
  /** Returns a token of your user, or null to use the session's cookie. */
  token: () => Promise<string | null>;
  onUnhealthy?: (update: Update) => void;
}

const FIRST_PAUSE_MS = 1_000;
const LONGEST_PAUSE_MS = 60_000;

/** Follows integrations; returns whether updates arrive by themselves right now. */
export function useHealthUpdates(integrationIds: string[], options: Options): boolean {
  const [isLive, setLive] = useState(false);
  const queries = useQueryClient();
  // An array is another one at each rendering; its text is not.
  const ids = integrationIds.join(",");

  useEffect(() => {
    const follower = new Follower(options, ids ? ids.split(",") : [], setLive, (update) => {
      queries.setQueryData<Health>(
        ["integration-health", update.integrationId],
        (old) => old && { ...old, current: update.health },
      );
      if (update.health.status === "unhealthy") options.onUnhealthy?.(update);
    });
    return () => follower.stop();
  }, [ids, options.url]);

  return isLive;
}

/** The same without React: one socket, opened again for as long as it is wanted. */
export class Follower {
  private socket: WebSocket | null = null;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private pauseMs = FIRST_PAUSE_MS;
  private isWanted = true;
  private readonly versions = new Map<string, number>();

  constructor(
    private readonly options: Pick<Options, "url" | "token">,
    private readonly integrationIds: string[],
    private readonly onLive: (isLive: boolean) => void,
    private readonly onUpdate: (update: Update) => void,
  ) {
    void this.open();
  }

  /** Ends it for good. */
  stop(): void {
    this.isWanted = false;
    clearTimeout(this.timer);
    this.socket?.close();
  }

  private async open(): Promise<void> {
    let ticket: string;
    try {
      ticket = await this.ticket();
    } catch {
      return this.later();
    }
    if (!this.isWanted) return;
    const address = new URL("/health-updates", this.options.url.replace(/^http/, "ws"));
    address.searchParams.set("ticket", ticket);
    const socket = new WebSocket(address);
    this.socket = socket;
    socket.onopen = () => {
      this.pauseMs = FIRST_PAUSE_MS;
      // The service answers with the present state of each: nothing missed stays missed.
      socket.send(JSON.stringify({ type: "subscribe", integrationIds: this.integrationIds }));
      this.onLive(true);
    };
    socket.onmessage = (event: MessageEvent<string>) => this.take(JSON.parse(event.data));
    socket.onclose = () => this.later();
  }

  /** A ticket opens one socket within 30 seconds; a token in an address would end in logs. */
  private async ticket(): Promise<string> {
    const token = await this.options.token();
    const answer = await fetch(new URL("/api/ws-ticket", this.options.url), {
      method: "POST",
      credentials: "include",
      headers: token ? { Authorization: `Bearer ${token}` } : { "X-CSRFToken": csrfToken() },
    });
    if (!answer.ok) throw new Error(`no ticket: ${answer.status}`);
    return ((await answer.json()) as SocketTicket).ticket;
  }

  private take(update: Update): void {
    const known = this.versions.get(update.integrationId) ?? -1;
    if (update.version <= known) return;
    this.versions.set(update.integrationId, update.version);
    this.onUpdate(update);
  }

  private later(): void {
    this.onLive(false);
    if (!this.isWanted) return;
    // At random within the pause: a thousand clients do not come back in the same second.
    this.timer = setTimeout(() => void this.open(), Math.random() * this.pauseMs);
    this.pauseMs = Math.min(2 * this.pauseMs, LONGEST_PAUSE_MS);
  }
}

function csrfToken(): string {
  const cookies = typeof document === "undefined" ? "" : document.cookie;
  return cookies.match(/(?:^|; )csrftoken=([^;]+)/)?.[1] ?? "";
}
