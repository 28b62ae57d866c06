/** What is installed, as pickers and forms need it; asked for once and again when it may have changed. */

import type { LabApi } from "../api/lab_api";
import type { Architecture, Control, Effect, EffectPreset, VoiceCard } from "../api/nouns";
import { Signal } from "./signal";

export interface SoundControls {
  prepare: Control[];
  finish: Control[];
  effects: Effect[];
  presets: EffectPreset[];
}

export class Catalogue {
  readonly changed = new Signal();
  voices: VoiceCard[] = [];
  architectures: Architecture[] = [];
  sound: SoundControls = { prepare: [], finish: [], effects: [], presets: [] };

  constructor(private readonly api: LabApi) {}

  /** Rejects as `LabApi.call`. */
  async load(): Promise<void> {
    const [voices, architectures, sound] = await Promise.all([
      this.api.call<{ voices: VoiceCard[] }>("GET", "/voices"),
      this.api.call<{ architectures: Architecture[] }>("GET", "/architectures"),
      this.api.call<SoundControls>("GET", "/controls")
    ]);
    this.voices = voices.voices;
    this.architectures = architectures.architectures;
    this.sound = sound;
    this.changed.emit();
  }

  /** Voices of those who perform a task. */
  performing(task: string): VoiceCard[] {
    const able = new Set(
      this.architectures.filter(one => one.tasks.some(offer => offer.task === task)).map(one => one.id)
    );
    return this.voices.filter(voice => able.has(voice.architecture));
  }

  /** The settings that a voice takes for a task; none for a voice that is not installed. */
  controls(voice: string, task: string): Control[] {
    const architecture = this.architectures.find(one => voice.startsWith(`${one.id}:`));
    return architecture?.tasks.find(offer => offer.task === task)?.controls ?? [];
  }

  title(voice: string): string {
    return this.voices.find(one => one.id === voice)?.title ?? voice;
  }
}
