/** The newest jobs, kept fresh by the news: one call for many that move at once. */

import { withQuery, type CleanUp, type LabApi, type News } from "../api/lab_api";
import type { JobView, Page } from "../api/types";
import { Signal } from "./signal";

export const NEWEST = 200;
/** So many jobs are asked for one by one; more of them by the page. */
const FEW = 3;
const GATHER_MS = 120;

export class JobsModel {
  /** The list changed: other jobs, or another state of one. */
  readonly changed = new Signal();
  /** Progress of one job alone. */
  readonly moved = new Signal<JobView>();
  readonly connected = new Signal<boolean>();
  isConnected = true;
  private readonly jobs = new Map<string, JobView>();
  private readonly stale = new Set<string>();
  private order: string[] = [];
  private gathering: ReturnType<typeof setTimeout> | undefined;
  private stop: CleanUp | null = null;
  private users = 0;

  constructor(private readonly api: LabApi) {}

  /** Keep it fresh until the answer is called. */
  follow(): CleanUp {
    this.users += 1;
    if (this.stop === null) {
      this.stop = this.api.follow({
        onNews: news => this.hear(news),
        onConnection: connected => this.hearConnection(connected)
      });
      void this.refresh();
    }
    let left = false;
    return () => {
      if (!left) {
        left = true;
        this.users -= 1;
        if (this.users === 0) {
          clearTimeout(this.gathering);
          this.stop?.();
          this.stop = null;
        }
      }
    };
  }

  /** Newest first. */
  all(): JobView[] {
    return this.order.flatMap(id => this.jobs.get(id) ?? []);
  }

  get(id: string): JobView | undefined {
    return this.jobs.get(id);
  }

  /** A job as some call answered it. */
  take(job: JobView): void {
    if (!this.jobs.has(job.id)) {
      this.order.unshift(job.id);
    }
    this.jobs.set(job.id, job);
    this.changed.emit();
  }

  async refresh(limit = NEWEST): Promise<void> {
    try {
      const page = await this.api.call<Page>("GET", withQuery("/jobs", { limit }));
      this.order = page.jobs.map(job => job.id);
      this.jobs.clear();
      page.jobs.forEach(job => this.jobs.set(job.id, job));
      this.changed.emit();
    } catch {
      // The connection says so; what comes next asks again.
    }
  }

  private hear({ events, progress }: News): void {
    for (const [id, tick] of Object.entries(progress)) {
      const job = this.jobs.get(id);
      if (job && job.state === "running") {
        const moved = { ...job, progress: tick };
        this.jobs.set(id, moved);
        this.moved.emit(moved);
      }
    }
    events.forEach(event => this.stale.add(event.job));
    if (this.stale.size > 0 && this.gathering === undefined) {
      this.gathering = setTimeout(() => void this.gather(), GATHER_MS);
    }
  }

  private hearConnection(connected: boolean): void {
    if (connected && !this.isConnected) {
      void this.refresh();
    }
    this.isConnected = connected;
    this.connected.emit(connected);
  }

  private async gather(): Promise<void> {
    this.gathering = undefined;
    const ids = [...this.stale];
    this.stale.clear();
    if (ids.length > FEW) {
      await this.refresh();
      return;
    }
    for (const id of ids) {
      try {
        this.take(await this.api.call<JobView>("GET", `/jobs/${id}`));
      } catch {
        // Gone, or another's; a lost connection refreshes all when it is back.
      }
    }
  }
}
