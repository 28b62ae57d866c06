/** A take for the player, read over the API: the same traits and answers that a kernel gives. */

import type { LabApi } from "../api/lab_api";
import type { JobView, MeasureView, ReportView } from "../api/types";
import type { PanelModel } from "./context";
import { labels } from "./labels";
import type { InputReport, Picture, Pitch, PlayerTraits, RecipeCard, Timings } from "./traits";

const MOST_POINTS = 1200;
const LEAST_CONFIDENCE = 0.5;

interface Recipe {
  request: {
    text: { body: string } | null;
    clip: string | null;
    seed: number;
  };
  stages: { kind: string; task: string; voice: string; settings: RecipeCard["steps"][0]["settings"] }[];
  voices: RecipeCard["voices"];
}

interface Question {
  kind: string;
  id: number;
  format?: string;
  from?: number;
}

type Hear = (content: unknown, buffers: DataView[]) => void;

export class ApiTake implements PanelModel<PlayerTraits> {
  private readonly listeners = new Set<Hear>();
  private readonly exports = new Map<string, Promise<ArrayBuffer>>();

  private constructor(
    private readonly api: LabApi,
    private readonly job: JobView,
    private readonly traits: PlayerTraits
  ) {}

  /** Reads the take's documents. Rejects as `LabApi.call`. */
  static async read(api: LabApi, job: JobView): Promise<ApiTake> {
    const artifact = job.artifact ?? "";
    const [picture, timings, recipe] = await Promise.all([
      documentOf<Picture>(api, job.outputs.picture),
      documentOf<Timings>(api, job.outputs.timings),
      api.call<{ id: string; recipe: Recipe }>("GET", `/recipes/${job.recipe ?? ""}`)
    ]);
    const traits: PlayerTraits = {
      artifact,
      title: titleOf(job),
      seconds: picture?.seconds ?? 0,
      sample_rate: picture?.sample_rate ?? 0,
      picture: picture ?? {},
      timings,
      recipe: cardOf(recipe.id, artifact, recipe.recipe),
      formats: ["flac", "wav"],
      error: null
    };
    return new ApiTake(api, job, traits);
  }

  get<Name extends keyof PlayerTraits & string>(name: Name): PlayerTraits[Name] {
    return this.traits[name];
  }

  /** Traits of a take never change: only answers are heard. */
  on(event: string, listener: Hear): void {
    if (event === "msg:custom") {
      this.listeners.add(listener);
    }
  }

  off(_event: string, listener: Hear): void {
    this.listeners.delete(listener);
  }

  send(content: Record<string, unknown>): void {
    void this.answer(content as unknown as Question);
  }

  private async answer(question: Question): Promise<void> {
    const { id, kind } = question;
    try {
      if (kind === "chunk") {
        await this.tellSound(question);
      } else if (kind === "reports") {
        this.tell({
          kind,
          id,
          document: { take: await this.report(this.traits.artifact), source: await this.source() }
        });
      } else if (kind === "pitch") {
        this.tell({ kind, id, document: await this.pitch() });
      }
    } catch (error) {
      const { message, fix } = error as { message?: string; fix?: string };
      this.tell({
        kind: "error",
        id,
        message: message ?? labels.player.broken,
        fix: fix ?? labels.player.brokenFix
      });
    }
  }

  /** All that is left of an export at once: the API has cut and joined it already. */
  private async tellSound({ id, kind, format = "flac", from = 0 }: Question): Promise<void> {
    const { artifact } = this.traits;
    const held = this.exports.get(format);
    const path = `/artifacts/${artifact}/export?format=${format}&recipe=${this.job.recipe ?? ""}`;
    const coming = held ?? this.api.fetch(path).then(blob => blob.arrayBuffer());
    this.exports.set(format, coming);
    coming.catch(() => this.exports.delete(format));
    const bytes = await coming;
    this.tell({ kind, id, from, total: bytes.byteLength }, [new DataView(bytes, from)]);
  }

  private async report(sha256: string): Promise<InputReport> {
    for (;;) {
      const answer = await this.api.call<ReportView>("GET", `/clips/${sha256}/report`);
      if (answer.ready) {
        return answer.report as unknown as InputReport;
      }
    }
  }

  private async source(): Promise<InputReport | null> {
    const { clip } = this.job.request as { clip?: string | null };
    return clip ? this.report(clip) : null;
  }

  private async pitch(): Promise<Pitch> {
    const order = { clip: this.traits.artifact, measures: ["f0"], f0_method: "harvest" };
    for (;;) {
      const answer = await this.api.call<MeasureView>("POST", "/measure", order);
      if (answer.ready) {
        return pitchOf(answer.values.f0 as Contour);
      }
    }
  }

  private tell(content: Record<string, unknown>, buffers: DataView[] = []): void {
    [...this.listeners].forEach(listener => listener(content, buffers));
  }
}

interface Contour {
  method: string;
  frames_per_second: number;
  /** base64 of float32 (T,), little endian. */
  hz: string;
  confidence: string;
}

/** At most MOST_POINTS pitches, 0 where none is trusted. */
export function pitchOf(contour: Contour): Pitch {
  const hz = floats(contour.hz);
  const confidence = floats(contour.confidence);
  const stride = Math.max(1, Math.ceil(hz.length / MOST_POINTS));
  const trusted = Array.from(hz, (value, index) => (confidence[index] >= LEAST_CONFIDENCE ? value : 0));
  return {
    method: contour.method,
    points_per_second: contour.frames_per_second / stride,
    hz: trusted.filter((_, index) => index % stride === 0)
  };
}

/** The text or the clip's voice, as far as a line holds it. */
export function titleOf(job: JobView): string {
  const { text } = job.request as { text?: { body: string } | null };
  const line = text ? text.body.replace(/\s+/g, " ").trim() : job.voices.join(" + ");
  return line.length <= 100 ? line : `${line.slice(0, 97)}...`;
}

function floats(base64: string): Float32Array {
  const bytes = Uint8Array.from(atob(base64), letter => letter.charCodeAt(0));
  return new Float32Array(bytes.buffer, 0, bytes.length / 4);
}

async function documentOf<Document>(api: LabApi, sha256: string | undefined): Promise<Document | null> {
  if (!sha256) {
    return null;
  }
  return JSON.parse(await (await api.fetch(`/artifacts/${sha256}`)).text()) as Document;
}

function cardOf(id: string, artifact: string, { request, stages, voices }: Recipe): RecipeCard {
  const steps = stages
    .filter(stage => stage.kind === "step")
    .map(({ task, voice, settings }) => ({ task, voice, settings }));
  const text = request.text?.body ?? null;
  // JSON rounds larger seeds: none is better than a wrong one.
  const seed = Number.isSafeInteger(request.seed) ? String(request.seed) : "";
  return { id, artifact, seed, text, clip: request.clip, steps, voices };
}
