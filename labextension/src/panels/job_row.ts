/** One line of the queue: what the job is, how it stands, what it waits for, what can be done. */

import type { JobView } from "../api/types";
import type { JobAction } from "../model/queue";
import { titleOf } from "./api_take";
import { duration } from "./clock";
import { element, icon, type Icon } from "./dom";
import { labels } from "./labels";
import type { JobState } from "./traits";

const ICONS: Partial<Record<string, Icon>> = {
  succeeded: "done",
  failed: "wrong",
  quarantined: "wrong",
  cancelled: "stop"
};

export const ACTIONS: Record<string, JobAction[]> = {
  queued: ["cancel"],
  running: ["cancel"],
  cancelling: [],
  failed: ["retry"],
  quarantined: ["release"],
  succeeded: [],
  cancelled: []
};

/** Everything that `jobRow` shows, so that an unchanged row is not drawn again. */
export function lookOf(job: JobView, chosen: boolean): string {
  return JSON.stringify([
    job.state,
    job.current,
    share(job),
    line(job),
    job.pinned_at,
    job.warnings.length,
    chosen
  ]);
}

export function jobRow(
  job: JobView,
  chosen: boolean,
  act: (action: JobAction) => void,
  open: () => void
): HTMLElement {
  const shape = ICONS[job.state];
  const mark = element("span", { class: "hs-mark" }, shape ? icon(shape) : element("i", { class: "hs-dot" }));
  const name = element(
    "button",
    { type: "button", class: "hs-job-name", "data-action": "open", "aria-expanded": String(chosen) },
    titleOf(job)
  );
  name.addEventListener("click", open);
  const buttons = (ACTIONS[job.state] ?? []).map(action => {
    const button = element(
      "button",
      {
        type: "button",
        class: "hs-chip",
        "data-action": action,
        "aria-label": labels.queue.actionOf(labels.queue.action[action], titleOf(job))
      },
      labels.queue.action[action]
    );
    button.addEventListener("click", () => act(action));
    return button;
  });
  const percent = share(job);
  return element(
    "div",
    { class: "hs-job", "data-state": job.state, "data-job": job.id },
    mark,
    element("div", { class: "hs-job-text" }, name, element("div", { class: "hs-job-line" }, line(job))),
    element("span", { class: "hs-share" }, percent === null ? "" : `${percent} %`),
    ...buttons
  );
}

/** Whole percents of the stage in work; null where none is known. */
function share(job: JobView): number | null {
  const progress = job.state === "running" && job.progress?.stage === job.current ? job.progress : null;
  return progress ? Math.round(100 * progress.fraction) : null;
}

/** "Waiting · 3rd in the batch lane · starts in about 2 min · another voice is in memory" */
function line(job: JobView): string {
  const { queue, progress } = labels;
  const stage = job.stages[job.current];
  const error = job.error as { message?: string } | null;
  const parts = [
    progress.state[job.state as JobState],
    job.voices.join(" \u2192 "),
    job.lane === "interactive" ? "" : queue.lane(job.lane),
    job.state === "queued" && job.position !== null ? queue.place(job.position + 1) : "",
    job.state === "queued" && job.starts_in_seconds !== null
      ? queue.starts(duration(job.starts_in_seconds))
      : "",
    job.state === "running" && stage ? labels.jobs.stage(stage.task, job.current + 1, job.stages.length) : "",
    job.waiting ?? "",
    job.state === "running" ? (job.progress?.message ?? "") : "",
    error?.message ?? "",
    job.pinned_at ? queue.pinned : ""
  ];
  return parts.filter(Boolean).join(" \u00b7 ");
}
