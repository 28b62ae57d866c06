/** What was generated here: progress while it runs, then the player; the newest on top. */

import { Refusal, type LabApi } from "../api/lab_api";
import type { JobView } from "../api/types";
import type { JobsModel } from "../model/jobs";
import { ApiTake, titleOf } from "./api_take";
import type { CleanUp } from "./context";
import { element } from "./dom";
import { isEnded } from "./job_state";
import { JobTraits } from "./job_traits";
import player from "./player";
import progress from "./progress";

/** Older takes leave the panel; they stay in the queue. */
export const MOST_TAKES = 20;

interface Shown {
  el: HTMLElement;
  traits: JobTraits;
  cleanUp: CleanUp;
  done: boolean;
}

export class TakesView {
  readonly el = element("div", { class: "hs-takes" });
  private readonly shown = new Map<string, Shown>();
  private readonly stops: CleanUp[];

  constructor(
    private readonly api: LabApi,
    private readonly jobs: JobsModel,
    private readonly onTake?: (job: JobView) => void
  ) {
    this.stops = [
      jobs.follow(),
      jobs.changed.connect(() => this.shown.forEach((_, id) => this.update(jobs.get(id)))),
      jobs.moved.connect(job => this.update(job))
    ];
  }

  add(job: JobView): void {
    const el = element("div", { class: "hs-take" });
    const traits = new JobTraits(job, titleOf(job), () => void this.cancel(job.id));
    const cleanUp = progress.render({ model: traits, el });
    this.shown.set(job.id, { el, traits, cleanUp, done: false });
    this.el.prepend(el);
    for (const [id, old] of [...this.shown].slice(0, Math.max(0, this.shown.size - MOST_TAKES))) {
      old.cleanUp();
      old.el.remove();
      this.shown.delete(id);
    }
    this.jobs.take(job);
  }

  dispose(): void {
    this.stops.forEach(stop => stop());
    this.shown.forEach(({ cleanUp }) => cleanUp());
  }

  private update(job: JobView | undefined): void {
    const shown = job && this.shown.get(job.id);
    if (!job || !shown || shown.done) {
      return;
    }
    shown.traits.tell(job);
    if (isEnded(job.state)) {
      shown.done = true;
      if (job.state === "succeeded") {
        void this.play(job, shown);
      }
    }
  }

  /** The progress makes room for the player. */
  private async play(job: JobView, shown: Shown): Promise<void> {
    try {
      const model = await ApiTake.read(this.api, job);
      shown.cleanUp();
      shown.cleanUp = player.render({ model, el: shown.el });
      this.onTake?.(job);
    } catch (error) {
      shown.traits.fail(error instanceof Refusal ? `${error.message} ${error.fix}` : String(error));
    }
  }

  private async cancel(id: string): Promise<void> {
    try {
      this.jobs.take(await this.api.call<JobView>("POST", `/jobs/${id}/cancel`));
    } catch (error) {
      this.shown.get(id)?.traits.refuse(error);
    }
  }
}
