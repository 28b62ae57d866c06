/** Many takes at once, one of them heard: all run in step, so that a switch is heard at the same instant, without a gap. */

/** So short that no switch is heard as a pause, so long that none is heard as a click. */
const FADE_SECONDS = 0.008;

export interface MixerListener {
  moved(seconds: number): void;
  changed(): void;
}

interface Track {
  buffer: AudioBuffer;
  gain: GainNode;
  source: AudioBufferSourceNode | null;
  decibels: number;
}

export class Mixer {
  private context: AudioContext | null = null;
  private readonly tracks = new Map<string, Track>();
  private active = "";
  private startedAt = 0;
  private place = 0;
  private frame = 0;
  playing = false;
  looping = false;

  constructor(private readonly listener: MixerListener) {}

  get seconds(): number {
    return Math.max(0, ...[...this.tracks.values()].map(track => track.buffer.duration));
  }

  get position(): number {
    if (!this.playing || this.context === null) {
      return this.place;
    }
    const gone = this.place + this.context.currentTime - this.startedAt;
    return this.looping && this.seconds > 0 ? gone % this.seconds : Math.min(gone, this.seconds);
  }

  get heard(): string {
    return this.active;
  }

  has(key: string): boolean {
    return this.tracks.has(key);
  }

  /** Rejects with the browser's error where it cannot decode the sound. */
  async add(key: string, sound: Blob, decibels: number): Promise<void> {
    const context = (this.context ??= new AudioContext());
    const buffer = await context.decodeAudioData(await sound.arrayBuffer());
    const gain = context.createGain();
    gain.gain.value = 0;
    gain.connect(context.destination);
    this.tracks.set(key, { buffer, gain, source: null, decibels });
    if (this.playing) {
      this.startTrack(this.tracks.get(key) as Track, this.position);
    }
  }

  setLevel(key: string, decibels: number): void {
    const track = this.tracks.get(key);
    if (track) {
      track.decibels = decibels;
      this.hear(this.active);
    }
  }

  remove(key: string): void {
    const track = this.tracks.get(key);
    track?.source?.disconnect();
    track?.gain.disconnect();
    this.tracks.delete(key);
  }

  /** From now on this one is heard; nothing else changes. */
  hear(key: string): void {
    this.active = key;
    const now = this.context?.currentTime ?? 0;
    this.tracks.forEach((track, name) => {
      const target = name === key ? 10 ** (track.decibels / 20) : 0;
      track.gain.gain.cancelScheduledValues(now);
      track.gain.gain.setTargetAtTime(target, now, FADE_SECONDS / 3);
    });
    this.listener.changed();
  }

  async play(): Promise<void> {
    await this.context?.resume();
    if (this.position >= this.seconds - 0.02) {
      this.place = 0;
    }
    this.start(this.place);
  }

  pause(): void {
    this.place = this.position;
    this.halt();
    this.listener.changed();
  }

  seek(seconds: number): void {
    const place = Math.max(0, Math.min(seconds, this.seconds));
    if (this.playing) {
      this.halt();
      this.start(place);
    } else {
      this.place = place;
      this.listener.moved(place);
    }
  }

  setLooping(looping: boolean): void {
    const place = this.position;
    this.looping = looping;
    if (this.playing) {
      this.halt();
      this.start(place);
    }
    this.listener.changed();
  }

  dispose(): void {
    this.halt();
    this.tracks.clear();
    void this.context?.close();
    this.context = null;
  }

  private start(place: number): void {
    if (this.context === null) {
      return;
    }
    this.place = place;
    this.startedAt = this.context.currentTime;
    this.playing = true;
    this.tracks.forEach(track => this.startTrack(track, place));
    this.hear(this.active);
    const step = () => {
      this.listener.moved(this.position);
      if (this.playing && !this.looping && this.position >= this.seconds) {
        this.place = this.seconds;
        this.halt();
        this.listener.changed();
      } else if (this.playing) {
        this.frame = requestAnimationFrame(step);
      }
    };
    this.frame = requestAnimationFrame(step);
  }

  /** A shorter take is silent while the longest one goes on. */
  private startTrack(track: Track, place: number): void {
    if (this.context === null) {
      return;
    }
    const source = this.context.createBufferSource();
    source.buffer = track.buffer;
    source.loop = this.looping;
    source.loopEnd = this.seconds;
    source.connect(track.gain);
    if (place < track.buffer.duration) {
      source.start(0, place);
    }
    track.source = source;
  }

  private halt(): void {
    cancelAnimationFrame(this.frame);
    this.playing = false;
    this.tracks.forEach(track => {
      try {
        track.source?.stop();
      } catch {
        // It was never started, because it is shorter than the place.
      }
      track.source?.disconnect();
      track.source = null;
    });
  }
}
