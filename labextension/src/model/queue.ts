/** Jobs, lanes, workers and storage of a host, for whoever looks after them. */

import { Refusal, type CleanUp, type LabApi } from "../api/lab_api";
import type { JobView, LanesView, PruneView, StorageView, WorkersView } from "../api/types";
import type { JobsModel } from "./jobs";
import { Signal } from "./signal";

/** Warm models and lanes move without events: so often they are asked for, while somebody looks. */
const LOOK_MS = 4000;

export type JobAction = "cancel" | "retry" | "release" | "pin" | "unpin";

export class QueueModel {
  /** Lanes, workers or storage. */
  readonly changed = new Signal();
  /** What a person asked for and did not get; null when the next thing was asked for. */
  readonly refused = new Signal<Refusal | null>();
  lanes: LanesView | null = null;
  workers: WorkersView | null = null;
  storage: StorageView | null = null;
  private timer: ReturnType<typeof setInterval> | undefined;

  constructor(
    private readonly api: LabApi,
    readonly jobs: JobsModel
  ) {}

  follow(): CleanUp {
    const leave = this.jobs.follow();
    void this.look();
    this.timer = setInterval(() => void this.look(), LOOK_MS);
    return () => {
      clearInterval(this.timer);
      leave();
    };
  }

  async look(): Promise<void> {
    const [lanes, workers, storage] = await Promise.allSettled([
      this.api.call<LanesView>("GET", "/lanes"),
      this.api.call<WorkersView>("GET", "/workers"),
      this.api.call<StorageView>("GET", "/storage")
    ]);
    this.lanes = lanes.status === "fulfilled" ? lanes.value : this.lanes;
    this.workers = workers.status === "fulfilled" ? workers.value : this.workers;
    this.storage = storage.status === "fulfilled" ? storage.value : this.storage;
    this.changed.emit();
  }

  async act(job: string, action: JobAction): Promise<void> {
    await this.tell(async () =>
      this.jobs.take(await this.api.call<JobView>("POST", `/jobs/${job}/${action}`))
    );
  }

  async setPaused(lane: string, paused: boolean): Promise<void> {
    await this.tell(async () => {
      this.lanes = await this.api.call<LanesView>("POST", `/lanes/${lane}/${paused ? "pause" : "resume"}`);
      this.changed.emit();
    });
  }

  async actOnWorker(worker: number, action: "pin" | "unpin" | "eject"): Promise<void> {
    await this.tell(async () => {
      this.workers = await this.api.call<WorkersView>("POST", `/workers/${worker}/${action}`);
      this.changed.emit();
    });
  }

  /** What a prune would remove under the set budgets; null where it was refused. */
  async plan(): Promise<PruneView | null> {
    return this.ask(() => this.api.call<PruneView>("POST", "/storage/plan", this.storage?.budgets ?? {}));
  }

  async prune(): Promise<PruneView | null> {
    const done = await this.ask(() =>
      this.api.call<PruneView>("POST", "/storage/prune", this.storage?.budgets ?? {})
    );
    await this.look();
    return done;
  }

  private async tell(work: () => Promise<void>): Promise<void> {
    await this.ask(work);
  }

  private async ask<Answer>(work: () => Promise<Answer>): Promise<Answer | null> {
    this.refused.emit(null);
    try {
      return await work();
    } catch (error) {
      this.refused.emit(error instanceof Refusal ? error : new Refusal("unreachable", String(error)));
      return null;
    }
  }
}
