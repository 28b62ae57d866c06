/** A job for the progress panel, told over the API: the same traits that a kernel writes. */

import { Refusal } from "../api/lab_api";
import type { JobView } from "../api/types";
import type { PanelModel } from "./context";
import { labels } from "./labels";
import type { JobState, ProgressTraits } from "./traits";

type Listener = (content: unknown, buffers: DataView[]) => void;

export class JobTraits implements PanelModel<ProgressTraits> {
  private traits: ProgressTraits;
  private readonly listeners = new Map<string, Set<Listener>>();

  constructor(
    job: JobView,
    private readonly title: string,
    private readonly cancel: () => void
  ) {
    this.traits = traitsOf(job, title);
  }

  tell(job: JobView): void {
    this.traits = traitsOf(job, this.title);
    this.emit("change:state", null);
  }

  /** It succeeded, but cannot be shown. */
  fail(message: string): void {
    this.traits = { ...this.traits, message };
    this.emit("change:message", null);
  }

  /** A cancel was refused. */
  refuse(error: unknown): void {
    const { message, fix } = error instanceof Refusal ? error : { message: String(error), fix: "" };
    this.emit("msg:custom", { kind: "error", message, fix });
  }

  get<Name extends keyof ProgressTraits & string>(name: Name): ProgressTraits[Name] {
    return this.traits[name];
  }

  on(event: string, listener: Listener): void {
    const heard = this.listeners.get(event) ?? new Set();
    this.listeners.set(event, heard.add(listener));
  }

  off(event: string, listener: Listener): void {
    this.listeners.get(event)?.delete(listener);
  }

  send(content: Record<string, unknown>): void {
    if (content.kind === "cancel") {
      this.cancel();
    }
  }

  private emit(event: string, content: unknown): void {
    [...(this.listeners.get(event) ?? [])].forEach(listener => listener(content, []));
  }
}

function traitsOf(job: JobView, title: string): ProgressTraits {
  const stage = job.stages[job.current];
  const progress = job.progress?.stage === job.current ? job.progress : null;
  const error = job.error as { message?: string } | null;
  return {
    job: job.id,
    title,
    state: job.state as JobState,
    stage: stage ? labels.jobs.stage(stage.task, job.current + 1, job.stages.length) : "",
    fraction: progress?.fraction ?? null,
    message: error?.message ?? progress?.message ?? "",
    lane: job.lane,
    position: job.state === "queued" && job.position !== null ? job.position + 1 : 0,
    waiting: job.waiting ?? "",
    warnings: job.warnings.map(warning => warning.message)
  };
}
