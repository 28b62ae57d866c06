/** The seed: shown, typed, locked so that the next take is the same, or drawn anew. */

import { LARGEST_SEED } from "../model/seed";
import type { Generation } from "../model/generation";
import { element } from "./dom";
import { uniqueId } from "./field";
import { labels } from "./labels";

export class SeedView {
  readonly el: HTMLElement;
  private readonly input: HTMLInputElement;
  private readonly lock: HTMLButtonElement;

  constructor(private readonly generation: Generation) {
    const id = uniqueId("seed");
    this.input = element("input", { id, type: "number", min: "0", max: String(LARGEST_SEED), step: "1" });
    this.input.dataset.field = "seed";
    this.lock = element("button", { type: "button", class: "hs-chip" });
    const reroll = element(
      "button",
      { type: "button", class: "hs-chip", title: labels.seed.rerollHint },
      labels.seed.reroll
    );
    this.input.addEventListener("change", () => {
      const typed = Math.trunc(Number(this.input.value));
      generation.change({ seed: Math.max(0, Math.min(LARGEST_SEED, Number.isFinite(typed) ? typed : 0)) });
      generation.seedLocked = true;
      this.show();
    });
    this.lock.addEventListener("click", () => {
      generation.seedLocked = !generation.seedLocked;
      this.show();
    });
    reroll.addEventListener("click", () => generation.reroll());
    this.el = element(
      "div",
      { class: "hs-seed" },
      element("label", { for: id }, labels.seed.name),
      this.input,
      this.lock,
      reroll
    );
  }

  show(): void {
    const { draft, seedLocked } = this.generation;
    this.input.value = String(draft.seed);
    this.lock.textContent = seedLocked ? labels.seed.locked : labels.seed.lock;
    this.lock.setAttribute("aria-pressed", String(seedLocked));
    this.lock.title = labels.seed.lockHint;
  }
}
