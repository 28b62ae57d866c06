/** What is in memory: devices with their budget, warm models with pin and eject. */

import type { WorkersView as Workers, WorkerView } from "../api/types";
import { duration } from "./clock";
import { element } from "./dom";
import { labels } from "./labels";

export class WorkersView {
  readonly el = element("div", { class: "hs-workers" });
  private shown = "";

  constructor(private readonly act: (worker: number, action: "pin" | "unpin" | "eject") => void) {}

  show(workers: Workers | null): void {
    const rows = workers?.workers ?? [];
    // How long one has been idle moves all the time: minutes are enough.
    const look = JSON.stringify([
      rows.map(one => ({ ...one, idle_seconds: Math.floor(one.idle_seconds / 60) })),
      workers?.devices
    ]);
    if (look === this.shown) {
      return;
    }
    this.shown = look;
    const devices = (workers?.devices ?? []).map(device =>
      meter(
        `${device.name}: ${device.title}`,
        device.held_mb + device.foreign_mb,
        device.budget_mb + device.foreign_mb,
        labels.queue.memory(megabytes(device.held_mb), megabytes(device.budget_mb))
      )
    );
    const list =
      rows.length === 0
        ? [element("p", { class: "hs-empty" }, labels.queue.nothingWarm)]
        : [element("ul", { "aria-label": labels.queue.workers }, ...rows.map(row => this.row(row)))];
    this.el.replaceChildren(...devices, ...list);
  }

  private row(worker: WorkerView): HTMLElement {
    const name = worker.voices.join(", ") || worker.worker;
    const state = worker.busy ? labels.queue.busy : labels.queue.idle(duration(worker.idle_seconds));
    const button = (action: "pin" | "unpin" | "eject") => {
      const made = element(
        "button",
        {
          type: "button",
          class: "hs-chip",
          "aria-label": labels.queue.actionOf(labels.queue.action[action], `${name} (${worker.id})`)
        },
        labels.queue.action[action]
      );
      made.addEventListener("click", () => this.act(worker.id, action));
      return made;
    };
    const buttons = [button(worker.pinned ? "unpin" : "pin"), ...(worker.busy ? [] : [button("eject")])];
    return element(
      "li",
      {},
      element("span", { class: "hs-job-text" }, name),
      element(
        "span",
        { class: "hs-soft" },
        `${worker.device} \u00b7 ${megabytes(worker.memory_mb)} \u00b7 ${state}`
      ),
      ...buttons
    );
  }
}

/** A bar with its words: used of a whole. */
export function meter(name: string, used: number, whole: number, told: string): HTMLElement {
  const share = whole > 0 ? Math.min(1, used / whole) : 0;
  const fill = element("div", { class: "hs-fill" });
  fill.style.width = `${(100 * share).toFixed(1)}%`;
  return element(
    "div",
    { class: "hs-meter" },
    element(
      "div",
      { class: "hs-label-row" },
      element("span", { class: "hs-job-text" }, name),
      element("span", { class: "hs-soft" }, told)
    ),
    element(
      "div",
      {
        class: "hs-track",
        role: "meter",
        "aria-label": name,
        "aria-valuemin": "0",
        "aria-valuemax": "100",
        "aria-valuenow": String(Math.round(100 * share)),
        "aria-valuetext": told
      },
      fill
    )
  );
}

/** "1.5 GB", "220 MB" */
export function megabytes(count: number): string {
  return count >= 1000 ? `${(count / 1024).toFixed(1)} GB` : `${Math.round(count)} MB`;
}
