/** What the progress panel says of a job's state. */

import { labels } from "./labels";
import type { JobState, ProgressTraits } from "./traits";

const ENDED: ReadonlySet<JobState> = new Set<JobState>(["succeeded", "failed", "cancelled", "quarantined"]);

export function isEnded(state: JobState): boolean {
  return ENDED.has(state);
}

/** The place in the lane and what admission waits for; "" for a job that does not wait. */
export function waitingLine(traits: Pick<ProgressTraits, "state" | "lane" | "position" | "waiting">): string {
  if (traits.state !== "queued") {
    return "";
  }
  const { next, place } = labels.progress;
  const where = traits.position === 1 ? next : traits.position > 1 ? place(traits.position, traits.lane) : "";
  return [where, traits.waiting].filter(Boolean).join(" \u00b7 ");
}
