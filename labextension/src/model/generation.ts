/** What a person is about to generate: the draft, what stands in its way, its cost, and the job that comes of it. */

import { Refusal, type LabApi, type Problem } from "../api/lab_api";
import type { Draft } from "../api/nouns";
import type { EstimateView, JobView, PreflightView, ProblemView, Step } from "../api/types";
import { patched } from "./json_patch";
import { drawSeed } from "./seed";
import { Signal } from "./signal";

const PREFLIGHT_MS = 350;

/** What is done with the text or the clip. */
export type Way = "speak" | "convert" | "chain";

export const EMPTY: Draft = {
  text: null,
  clip: null,
  steps: [{ task: "speak", voice: null, settings: {} }],
  prepare: {},
  finish: {},
  effects: [],
  seed: 0,
  lane: "interactive"
};

export class Generation {
  /** The draft became another one, not by its view: a fix, a preset, a request that was carried in. */
  readonly replaced = new Signal();
  /** Problems, warnings, estimate or default voices. */
  readonly judged = new Signal();
  /** A job was queued. */
  readonly queued = new Signal<JobView>();
  draft: Draft;
  seedLocked = false;
  problems: Problem[] = [];
  warnings: ProblemView[] = [];
  estimate: EstimateView | null = null;
  /** The voice that would serve each step. */
  serving: (string | null)[] = [];
  /** A job is being queued, or the host is being asked for the first time (it may have to start). */
  busy = true;
  /** Problems are shown from the first click on: a form that is half filled in is no mistake. */
  asked = false;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private asking: AbortController | null = null;

  constructor(
    private readonly api: LabApi,
    draft: Partial<Draft> = {}
  ) {
    this.draft = { ...structuredClone(EMPTY), seed: drawSeed(), ...draft };
  }

  get way(): Way {
    const tasks = this.draft.steps.map(step => step.task);
    return tasks.length > 1 ? "chain" : tasks[0] === "convert" ? "convert" : "speak";
  }

  set way(way: Way) {
    const find = (task: string): Step =>
      this.draft.steps.find(step => step.task === task) ?? ({ task, voice: null, settings: {} } as Step);
    const tasks = way === "chain" ? ["speak", "convert"] : [way];
    this.change({ steps: tasks.map(find) });
    this.replaced.emit();
  }

  /** Parts of the draft, as the view has them now; judged anew after a moment. */
  change(parts: Partial<Draft>): void {
    this.draft = { ...this.draft, ...parts };
    clearTimeout(this.timer);
    this.timer = setTimeout(() => void this.judge(), PREFLIGHT_MS);
  }

  changeStep(index: number, parts: Partial<Step>): void {
    this.change({
      steps: this.draft.steps.map((step, at) => (at === index ? { ...step, ...parts } : step))
    });
  }

  /** A whole other request, from a preset or a take. */
  carry(draft: Draft): void {
    this.draft = structuredClone(draft);
    this.replaced.emit();
    void this.judge();
  }

  reroll(): void {
    this.change({ seed: drawSeed() });
    this.replaced.emit();
  }

  /** One-click fix: its patch is of the request. */
  mend(problem: Problem): void {
    this.carry(patched(this.sent, problem.fix.patch ?? []) as Draft);
  }

  /** The draft without what its way does not use. */
  get sent(): Draft {
    const speaks = this.way !== "convert";
    return {
      ...this.draft,
      text: speaks ? (this.draft.text ?? { body: "", language: null, markup: "plain" }) : null,
      clip: speaks ? null : this.draft.clip,
      // Nothing is prepared where nothing is converted.
      prepare: this.way === "speak" ? {} : this.draft.prepare
    };
  }

  /** All problems and warnings, and what it would cost. */
  async judge(): Promise<void> {
    this.asking?.abort();
    const asking = (this.asking = new AbortController());
    try {
      const found = await this.api.call<PreflightView>("POST", "/preflight", this.sent, asking.signal);
      this.problems = found.problems as Problem[];
      this.warnings = found.warnings;
      this.estimate = found.estimate;
      this.serving = found.voices;
    } catch (error) {
      if (asking.signal.aborted) {
        return;
      }
      this.problems = problemsOf(error);
      this.estimate = null;
    }
    this.busy = false;
    this.judged.emit();
  }

  /** Queue it; null where something stands in the way, which is then in `problems`. */
  async generate(): Promise<JobView | null> {
    this.asked = true;
    clearTimeout(this.timer);
    this.asking?.abort();
    this.busy = true;
    this.judged.emit();
    try {
      const job = await this.api.call<JobView>("POST", "/jobs", this.sent);
      this.problems = [];
      this.busy = false;
      if (!this.seedLocked) {
        this.draft = { ...this.draft, seed: drawSeed() };
        this.replaced.emit();
      }
      this.judged.emit();
      this.queued.emit(job);
      return job;
    } catch (error) {
      this.problems = problemsOf(error);
      this.busy = false;
      this.judged.emit();
      return null;
    }
  }

  dispose(): void {
    clearTimeout(this.timer);
    this.asking?.abort();
  }
}

/** What a person can do about an error that is none of the form's. */
export function problemsOf(error: unknown): Problem[] {
  if (error instanceof Refusal) {
    return error.problems.length > 0
      ? error.problems
      : [{ field: "", message: error.message, fix: { label: error.fix } }];
  }
  return [{ field: "", message: String(error), fix: {} }];
}
