/** The newest jobs, kept fresh by the news: one call for many that move at once. */

import { withQuery, type CleanUp, type LabApi, type News } from "../api/lab_api";
import type { JobView, Page } from "../api/types";
import { Signal } from "./signal";

/** Asked for at once; older ones follow page by page. */
export const PAGE = 200;
/** Older ones are found by the command line; a list that long nobody reads. */
export const MOST = 2000;
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
      void this.loadAll();
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

  /** The newest page again: what moves is there, or has an event of its own. */
  async refresh(): Promise<void> {
    await this.read(null);
  }

  private async loadAll(): Promise<void> {
    let cursor = await this.read(null);
    while (cursor !== null && this.jobs.size < MOST && this.stop !== null) {
      cursor = await this.read(cursor);
    }
  }

  /** One page -> the cursor of the next one. */
  private async read(cursor: string | null): Promise<string | null> {
    try {
      const page = await this.api.call<Page>("GET", withQuery("/jobs", { limit: PAGE, cursor }));
      page.jobs.forEach(job => this.jobs.set(job.id, job));
      // Ids sort by the time of their making.
      this.order = [...this.jobs.keys()].sort().reverse();
      this.changed.emit();
      return page.cursor;
    } catch {
      // The connection says so; what comes next asks again.
      return null;
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
