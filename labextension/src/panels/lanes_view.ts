/** The lanes: how many wait in each, and the switch that stops one. */

import type { LanesView as Lanes } from "../api/types";
import { element } from "./dom";
import { labels } from "./labels";

export class LanesView {
  readonly el = element("ul", { class: "hs-lanes", "aria-label": labels.queue.lanes });
  private shown = "";

  constructor(private readonly setPaused: (lane: string, paused: boolean) => void) {}

  show(lanes: Lanes | null): void {
    const look = JSON.stringify(lanes?.lanes ?? []);
    if (look === this.shown) {
      return;
    }
    this.shown = look;
    this.el.replaceChildren(
      ...(lanes?.lanes ?? []).map(lane => {
        const button = element(
          "button",
          {
            type: "button",
            class: "hs-chip",
            "aria-pressed": String(lane.paused),
            "aria-label": labels.queue.pauseOf(lane.lane, lane.paused)
          },
          lane.paused ? labels.queue.resume : labels.queue.pause
        );
        button.addEventListener("click", () => this.setPaused(lane.lane, !lane.paused));
        const told = lane.paused
          ? labels.queue.pausedBy(lane.paused_by ?? "")
          : labels.queue.waiting(lane.waiting);
        return element(
          "li",
          {},
          element("b", {}, lane.lane),
          element("span", { class: "hs-soft" }, told),
          button
        );
      })
    );
  }
}
