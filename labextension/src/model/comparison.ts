/** What is compared: takes, each with the stages it went through, and how loud they are. */

import type { LabApi } from "../api/lab_api";
import type { JobView, ReportView } from "../api/types";
import type { Picture } from "../panels/traits";

/** What a column holds of each take. */
export const STAGES = ["source", "prepared", "generated", "finished"] as const;
export type StageName = (typeof STAGES)[number];

/** One sound of the grid. */
export interface Cell {
  /** "<job>/<stage>" */
  key: string;
  job: JobView;
  stage: StageName;
  sha256: string;
}

/** The sounds of a take, by stage; a stage that it did not go through has none. */
export function cellsOf(job: JobView): Partial<Record<StageName, Cell>> {
  const cell = (stage: StageName, sha256: string | undefined): Cell | undefined =>
    sha256 ? { key: `${job.id}/${stage}`, job, stage, sha256 } : undefined;
  const of = (kind: string) => job.stages.filter(stage => stage.kind === kind).at(-1)?.outputs.clip;
  return {
    source: cell("source", of("decode")),
    prepared: cell("prepared", of("prepare")),
    generated: cell("generated", of("step")),
    finished: cell("finished", job.artifact ?? undefined)
  };
}

export class Loudness {
  private readonly known = new Map<string, Promise<number | null>>();

  constructor(private readonly api: LabApi) {}

  /** Integrated, in LUFS; null for silence. Rejects as `LabApi.call`. */
  of(sha256: string): Promise<number | null> {
    const held = this.known.get(sha256);
    if (held) {
      return held;
    }
    const coming = this.ask(sha256);
    this.known.set(sha256, coming);
    coming.catch(() => this.known.delete(sha256));
    return coming;
  }

  private async ask(sha256: string): Promise<number | null> {
    for (;;) {
      const answer = await this.api.call<ReportView>("GET", `/clips/${sha256}/report`);
      if (answer.ready) {
        return (answer.report?.lufs ?? null) as number | null;
      }
    }
  }
}

/** dB for each sound, so that all are as loud as the quietest: nothing is lifted, so nothing clips. */
export function matched(lufs: ReadonlyMap<string, number | null>): Map<string, number> {
  const levels = [...lufs.values()].filter(level => level !== null);
  const quietest = Math.min(...levels);
  return new Map([...lufs].map(([key, level]) => [key, level === null ? 0 : quietest - level]));
}

/** The picture of a stage: the finished sound's own, that of another stage by a measurement. */
export async function pictureOf(api: LabApi, cell: Cell): Promise<Picture> {
  const kept = cell.stage === "finished" ? cell.job.outputs.picture : undefined;
  if (kept) {
    return JSON.parse(await (await api.fetch(`/artifacts/${kept}`)).text()) as Picture;
  }
  for (;;) {
    const order = { clip: cell.sha256, measures: ["picture"] };
    const answer = await api.call<{ ready: boolean; values: { picture: Picture } }>(
      "POST",
      "/measure",
      order
    );
    if (answer.ready) {
      return answer.values.picture;
    }
  }
}
