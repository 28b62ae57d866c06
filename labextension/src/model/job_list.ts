/** Which jobs are shown, in which order: what runs and waits first, then what ended, the newest first. */

import type { JobView } from "../api/types";

export type Filter = "all" | "open" | "done" | "trouble";

const RANK: Record<string, number> = { running: 0, cancelling: 0, queued: 1 };
const TROUBLE = new Set(["failed", "quarantined"]);

export function listed(jobs: readonly JobView[], filter: Filter, words: string): JobView[] {
  const wanted = words.toLowerCase().split(/\s+/).filter(Boolean);
  const matching = jobs.filter(job => passes(job, filter) && wanted.every(word => text(job).includes(word)));
  return matching.sort((one, other) => rank(one) - rank(other) || order(one, other));
}

export function counted(jobs: readonly JobView[]): Record<Filter, number> {
  const count = (filter: Filter) => jobs.filter(job => passes(job, filter)).length;
  return { all: jobs.length, open: count("open"), done: count("done"), trouble: count("trouble") };
}

function passes(job: JobView, filter: Filter): boolean {
  switch (filter) {
    case "all":
      return true;
    case "open":
      return job.state in RANK;
    case "done":
      return job.state === "succeeded";
    case "trouble":
      return TROUBLE.has(job.state);
  }
}

function rank(job: JobView): number {
  return RANK[job.state] ?? 2;
}

/** Who waits stands in the order of starting; everything else the newest first. Ids sort by time. */
function order(one: JobView, other: JobView): number {
  if (one.state === "queued" && other.state === "queued") {
    return (one.position ?? 0) - (other.position ?? 0) || (one.id < other.id ? -1 : 1);
  }
  return one.id < other.id ? 1 : -1;
}

function text(job: JobView): string {
  const { text: spoken } = job.request as { text?: { body: string } | null };
  return `${spoken?.body ?? ""} ${job.voices.join(" ")} ${job.group ?? ""} ${job.lane} ${job.id}`.toLowerCase();
}
