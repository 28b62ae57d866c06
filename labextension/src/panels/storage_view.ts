/** What the data home holds, and what a prune would remove before it does. */

import type { PruneView, StorageView as Storage } from "../api/types";
import { element } from "./dom";
import { labels } from "./labels";
import { megabytes, meter } from "./workers_view";

export interface Pruning {
  plan(): Promise<PruneView | null>;
  prune(): Promise<PruneView | null>;
}

export class StorageView {
  readonly el = element("div", { class: "hs-storage" });
  private readonly classes = element("div", { class: "hs-fields" });
  private readonly told = element("div", { class: "hs-soft", role: "status" });
  private shown = "";

  constructor(pruning: Pruning) {
    const plan = element("button", { type: "button", class: "hs-chip" }, labels.queue.plan);
    const prune = element("button", { type: "button", class: "hs-chip", hidden: true }, labels.queue.prune);
    plan.addEventListener("click", () => {
      void pruning.plan().then(found => {
        this.tell(found, labels.queue.wouldFree);
        prune.hidden = found === null || found.frees_bytes === 0;
      });
    });
    prune.addEventListener("click", () => {
      prune.hidden = true;
      void pruning.prune().then(found => this.tell(found, labels.queue.freed));
    });
    this.el.append(this.classes, element("div", { class: "hs-actions" }, plan, prune, this.told));
  }

  show(storage: Storage | null): void {
    const look = JSON.stringify(storage);
    if (storage === null || look === this.shown) {
      return;
    }
    this.shown = look;
    const { budgets } = storage;
    const free = storage.free_bytes / (1 << 20);
    this.classes.replaceChildren(
      ...Object.entries(storage.classes).map(([name, bytes]) => {
        const used = bytes / (1 << 20);
        const budget = budgets[`${name}_mb`] ?? 0;
        const told = budget > 0 ? labels.queue.memory(megabytes(used), megabytes(budget)) : megabytes(used);
        return meter(name, used, budget > 0 ? budget : used + free, told);
      })
    );
  }

  private tell(found: PruneView | null, words: (size: string) => string): void {
    this.told.textContent = found ? words(megabytes(found.frees_bytes / (1 << 20))) : "";
  }
}
