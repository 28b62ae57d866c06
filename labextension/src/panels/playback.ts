/** Sound, its place, its speed and its loop; knows nothing of pictures. */

import type { PanelModel } from "./context";
import { labels } from "./labels";
import { wrapped, type Region } from "./region";
import { fetchExport, TransferFailed } from "./transfer";
import type { PlayerTraits, Trouble } from "./traits";

export const SPEEDS = [0.5, 0.6, 0.75, 0.9, 1, 1.1, 1.25, 1.5, 1.75, 2] as const;

export const MIME: Record<string, string> = { flac: "audio/flac", wav: "audio/wav" };

/** What the player tells its views. */
export interface PlaybackListener {
  /** The place changed, by playing or by a jump. */
  moved(seconds: number): void;
  /** Playing, loop, region or speed changed. */
  changed(): void;
  /** A passing word about loading; "" takes it away. */
  said(text: string): void;
  troubled(trouble: Trouble | null): void;
}

/** Players on one page take turns. */
const TURN = "hay-say-player-starts";

export class Playback {
  region: Region | null = null;
  looping = false;
  private readonly audio = new Audio();
  private readonly stopped = new AbortController();
  private readonly fetched = new Map<string, Promise<Blob>>();
  private wanted = false;
  private place = 0;
  private url = "";
  private frame = 0;

  constructor(
    private readonly model: PanelModel<PlayerTraits>,
    private readonly listener: PlaybackListener
  ) {
    const { audio } = this;
    audio.preservesPitch = true;
    audio.addEventListener("loadedmetadata", () => this.listener.changed());
    audio.addEventListener("play", this.follow);
    audio.addEventListener("pause", () => this.settle());
    audio.addEventListener("ended", () => this.end());
    audio.addEventListener("timeupdate", () => this.tick());
    audio.addEventListener("seeked", () => this.tick());
    audio.addEventListener("error", () => this.unplayable());
    document.addEventListener(TURN, this.giveWay);
  }

  /** The take's length; the sound's own where no picture told it. */
  get seconds(): number {
    const told = this.model.get("seconds");
    return told > 0 ? told : Number.isFinite(this.audio.duration) ? this.audio.duration : 0;
  }

  get position(): number {
    return this.url ? this.audio.currentTime : this.place;
  }

  get playing(): boolean {
    return this.wanted;
  }

  get speed(): number {
    return this.audio.defaultPlaybackRate;
  }

  set speed(speed: number) {
    this.audio.defaultPlaybackRate = speed;
    this.audio.playbackRate = speed;
    this.listener.changed();
  }

  toggle(): void {
    if (this.wanted) {
      this.pause();
    } else {
      void this.play();
    }
  }

  pause(): void {
    this.audio.pause();
    this.settle();
  }

  async play(): Promise<void> {
    this.wanted = true;
    this.listener.changed();
    this.listener.troubled(null);
    document.dispatchEvent(new CustomEvent(TURN, { detail: this }));
    try {
      await this.load();
      if (!this.wanted) {
        return;
      }
      this.rewindWhereNeeded();
      await this.audio.play();
    } catch (error) {
      this.fail(error);
    }
  }

  seek(seconds: number): void {
    this.place = Math.max(0, Math.min(seconds, this.seconds));
    if (this.url) {
      this.audio.currentTime = this.place;
    }
    this.listener.moved(this.place);
  }

  setRegion(region: Region | null): void {
    this.region = region;
    this.looping = region !== null;
    if (region && (this.position < region.start || this.position >= region.end)) {
      this.seek(region.start);
    }
    this.listener.changed();
  }

  setLooping(looping: boolean): void {
    this.looping = looping;
    this.listener.changed();
  }

  /** The export in one format, fetched once. A failed fetch is forgotten, so that the next try asks again. */
  fetch(format: string): Promise<Blob> {
    const held = this.fetched.get(format);
    if (held) {
      return held;
    }
    const coming = this.transfer(format);
    this.fetched.set(format, coming);
    coming.catch(() => this.fetched.delete(format));
    return coming;
  }

  dispose(): void {
    this.stopped.abort();
    cancelAnimationFrame(this.frame);
    document.removeEventListener(TURN, this.giveWay);
    this.audio.pause();
    this.audio.removeAttribute("src");
    URL.revokeObjectURL(this.url);
  }

  private async transfer(format: string): Promise<Blob> {
    const { model, listener, stopped } = this;
    listener.said(labels.player.loading);
    try {
      const bytes = await fetchExport(model, format, {
        onProgress: share => listener.said(labels.player.loadingShare(Math.floor(share * 100))),
        onLate: () => listener.said(labels.player.late),
        signal: stopped.signal
      });
      return new Blob([bytes], { type: MIME[format] });
    } finally {
      listener.said("");
    }
  }

  private async load(): Promise<void> {
    if (this.url) {
      return;
    }
    const format = this.model.get("formats").find(name => this.audio.canPlayType(MIME[name] ?? "") !== "");
    if (!format) {
      throw new TransferFailed(labels.player.cannotPlay, labels.player.cannotPlayFix);
    }
    const blob = await this.fetch(format);
    if (this.url || this.stopped.signal.aborted) {
      return;
    }
    this.url = URL.createObjectURL(blob);
    this.audio.src = this.url;
    this.audio.playbackRate = this.speed;
    this.audio.currentTime = this.place;
  }

  private rewindWhereNeeded(): void {
    const { region, looping } = this;
    if (looping && region) {
      if (this.position < region.start || this.position >= region.end) {
        this.seek(region.start);
      }
    } else if (this.position >= this.seconds - 0.02) {
      this.seek(0);
    }
  }

  private readonly follow = (): void => {
    cancelAnimationFrame(this.frame);
    const step = () => {
      this.tick();
      if (!this.audio.paused) {
        this.frame = requestAnimationFrame(step);
      }
    };
    this.frame = requestAnimationFrame(step);
  };

  private tick(): void {
    if (this.looping && this.region && !this.audio.paused) {
      const next = wrapped(this.audio.currentTime, this.region);
      if (next !== this.audio.currentTime) {
        this.audio.currentTime = next;
      }
    }
    if (this.url) {
      this.place = this.audio.currentTime;
    }
    this.listener.moved(this.place);
  }

  private end(): void {
    if (this.looping) {
      this.seek(this.region?.start ?? 0);
      void this.audio.play().catch(error => this.fail(error));
    } else {
      this.settle();
    }
  }

  private settle(): void {
    // A pause that the end of a looped take causes is followed by its next round.
    if (this.wanted && !(this.audio.ended && this.looping)) {
      this.wanted = false;
      this.listener.changed();
    }
  }

  private readonly giveWay = (event: Event): void => {
    if ((event as CustomEvent).detail !== this && this.wanted) {
      this.pause();
    }
  };

  private unplayable(): void {
    if (this.url) {
      this.wanted = false;
      this.listener.changed();
      this.listener.troubled({ message: labels.player.cannotPlay, fix: labels.player.cannotPlayFix });
    }
  }

  private fail(error: unknown): void {
    this.wanted = false;
    this.listener.changed();
    if (error instanceof DOMException && error.name === "NotAllowedError") {
      this.listener.said(labels.player.pressAgain);
    } else if (!(error instanceof DOMException)) {
      this.listener.troubled(troubleOf(error));
    }
  }
}

/** What a person is told about a failed transfer. */
export function troubleOf(error: unknown): Trouble {
  return error instanceof TransferFailed
    ? { message: error.message, fix: error.fix }
    : { message: labels.player.broken, fix: labels.player.brokenFix };
}
