/** The sounds of a comparison: fetched when they are wanted, levelled, and let go when there are too many. */

import type { LabApi } from "../api/lab_api";
import { Loudness, matched, type Cell } from "../model/comparison";
import type { Mixer } from "../model/mixer";

/** Decoded sound is large (10 MB a minute): the last ones heard are kept. */
export const MOST_KEPT = 24;

export class CompareSounds {
  private readonly loudness: Loudness;
  private readonly lufs = new Map<string, number | null>();
  private readonly coming = new Map<string, Promise<void>>();
  private kept: string[] = [];
  private matching = true;

  constructor(
    private readonly api: LabApi,
    private readonly mixer: Mixer
  ) {
    this.loudness = new Loudness(api);
  }

  /** Rejects as `LabApi.call`, or with the browser's error where it cannot decode. */
  need(cell: Cell): Promise<void> {
    this.kept = [...this.kept.filter(key => key !== cell.key), cell.key];
    const held = this.coming.get(cell.key);
    if (held) {
      return held;
    }
    const coming = this.fetch(cell);
    this.coming.set(cell.key, coming);
    coming.catch(() => this.coming.delete(cell.key));
    return coming;
  }

  get isMatching(): boolean {
    return this.matching;
  }

  set isMatching(matching: boolean) {
    this.matching = matching;
    this.level();
  }

  /** dB by which a sound is turned down; 0 where loudness is left alone, null while it is not known. */
  levelOf(key: string): number | null {
    return this.lufs.has(key) ? (this.levels().get(key) ?? 0) : null;
  }

  private async fetch(cell: Cell): Promise<void> {
    const [sound, lufs] = await Promise.all([
      this.api.fetch(`/artifacts/${cell.sha256}/export?format=flac`),
      this.loudness.of(cell.sha256)
    ]);
    this.lufs.set(cell.key, lufs);
    await this.mixer.add(cell.key, sound, 0);
    while (this.kept.length > MOST_KEPT) {
      const gone = this.kept.shift() ?? "";
      this.coming.delete(gone);
      this.lufs.delete(gone);
      this.mixer.remove(gone);
    }
    this.level();
  }

  private levels(): Map<string, number> {
    return this.matching ? matched(this.lufs) : new Map();
  }

  private level(): void {
    const levels = this.levels();
    this.lufs.forEach((_, key) => this.mixer.setLevel(key, levels.get(key) ?? 0));
  }
}
