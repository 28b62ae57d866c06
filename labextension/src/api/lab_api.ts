/** What panels may ask of the host, whoever carries it: the kernel's comm in a notebook, Jupyter's server in the sidebar. */

import type { EventView, ProblemView, ProgressView } from "./types";

export type Method = "GET" | "POST" | "PUT" | "DELETE";

/** Undoes everything that a call set up. */
export type CleanUp = () => void;

/** A problem whose fix may carry a patch of the request (JSON Patch, RFC 6902). */
export interface Problem extends ProblemView {
  fix: { label?: string; patch?: PatchStep[] };
}

export interface PatchStep {
  op: "add" | "remove" | "replace";
  path: string;
  value?: unknown;
}

/** What the host refused, or why nobody answered. `code` as in docs/rest.md; "unreachable" where no host spoke. */
export class Refusal extends Error {
  constructor(
    readonly code: string,
    message: string,
    readonly problems: Problem[] = [],
    readonly retryAfterSeconds: number | null = null
  ) {
    super(message);
    this.name = "Refusal";
  }

  /** The way out, where the host knows one. */
  get fix(): string {
    return [...new Set(this.problems.map(problem => problem.fix.label ?? ""))].filter(Boolean).join(" ");
  }
}

/** What happened since the last news. */
export interface News {
  events: EventView[];
  /** The newest progress of running jobs, by job. */
  progress: Record<string, ProgressView>;
}

export interface NewsListener {
  /** In order; nothing is left out, however often the connection was lost. */
  onNews(news: News): void;
  /** Whether the host is heard: false while the connection is lost. */
  onConnection(connected: boolean): void;
}

export interface Carrying {
  /** Told 0..1 as bytes come or go. */
  onProgress?(fraction: number): void;
  signal?: AbortSignal;
}

export interface LabApi {
  /** `path` behind /hay-say/v1. Rejects with a Refusal, or an AbortError. */
  call<Answer>(method: Method, path: string, body?: unknown, signal?: AbortSignal): Promise<Answer>;
  /** A file from the host. Rejects as `call`. */
  fetch(path: string, carrying?: Carrying): Promise<Blob>;
  /** Appends a piece to an upload at `offset`. Rejects as `call`. */
  append<Answer>(upload: string, offset: number, piece: Blob, signal?: AbortSignal): Promise<Answer>;
  /** Follows the news from now on; all listeners of one API share one connection. */
  follow(listener: NewsListener): CleanUp;
}

/** The Refusal in a host's error document; one with code "unreachable" for anything else. */
export function refusalOf(document: unknown, otherwise: string): Refusal {
  const told = document as {
    code?: unknown;
    message?: unknown;
    problems?: Problem[];
    retry_after_seconds?: number | null;
  } | null;
  if (typeof told?.code === "string" && typeof told.message === "string") {
    return new Refusal(told.code, told.message, told.problems ?? [], told.retry_after_seconds ?? null);
  }
  return new Refusal("unreachable", otherwise);
}

/** "/jobs?limit=20": what is undefined or null is left out. */
export function withQuery(path: string, query: Record<string, string | number | undefined | null>): string {
  const given = Object.entries(query).flatMap(([name, value]) =>
    value === undefined || value === null ? [] : [`${name}=${encodeURIComponent(value)}`]
  );
  return given.length ? `${path}?${given.join("&")}` : path;
}
