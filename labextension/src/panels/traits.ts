/** The traits as they travel; `hay_say_lab/widgets/*.py` says who writes each of them. */

import type { Trial } from "../model/blind";

export interface Peaks {
  columns: number;
  /** base64 of int8[columns]: the lowest sample of each column, -127 = negative full scale. */
  low: string;
  high: string;
}

export interface Spectrogram {
  bands: number;
  columns: number;
  low_hz: number;
  high_hz: number;
  scale: "mel";
  floor_db: number;
  /** base64 of uint8[columns * bands], column after column, lowest band first; 0 = floor_db, 255 = 0 dB. */
  data: string;
}

/** Made by the audio worker; empty where it could not be read. */
export interface Picture {
  sample_rate: number;
  frames: number;
  seconds: number;
  peak: number;
  peaks: Peaks;
  spectrogram: Spectrogram;
}

/** `audio.report.InputReport.as_json`. Levels in dB relative to full scale; null: there is nothing of the kind. */
export interface InputReport {
  seconds: number;
  sample_rate: number;
  lufs: number | null;
  true_peak_dbtp: number | null;
  clipped_samples: number;
  noise_floor_db: number | null;
  snr_db: number | null;
  speech_share: number;
  f0_median_hz: number | null;
  f0_p5_hz: number | null;
  f0_p95_hz: number | null;
  f0_method: string;
  dominant_band_hz: [number, number] | null;
  dominant_share: number;
}

/** Answer to the question "reports"; no source where the take was made of text. */
export interface Reports {
  take: InputReport;
  source: InputReport | null;
}

/** Answer to the question "pitch"; 0 where no pitch is trusted. */
export interface Pitch {
  method: string;
  points_per_second: number;
  hz: number[];
}

export interface TimedWord {
  text: string;
  /** First sample, and the sample behind the last. */
  start: number;
  end: number;
}

export interface Timings {
  sample_rate: number;
  words: TimedWord[];
}

export interface RecipeStep {
  task: string;
  voice: string;
  settings: Record<string, string | number | boolean | null>;
}

export interface Provenance {
  source: string;
  /** Not in recipes that were made before voices had an author. */
  author?: string;
  licence: string;
  consent: string;
  intended_use: string;
}

export interface RecipeCard {
  id: string;
  artifact: string;
  /** Decimal digits: a seed may be larger than a JavaScript number holds exactly. */
  seed: string;
  text: string | null;
  clip: string | null;
  steps: RecipeStep[];
  voices: Record<string, Provenance>;
}

export interface Trouble {
  message: string;
  fix: string;
}

export interface PlayerTraits {
  artifact: string;
  title: string;
  seconds: number;
  sample_rate: number;
  picture: Picture | Record<string, never>;
  timings: Timings | null;
  recipe: RecipeCard | Record<string, never>;
  formats: string[];
  error: Trouble | null;
}

export type JobState =
  "queued" | "running" | "cancelling" | "succeeded" | "failed" | "cancelled" | "quarantined";

export interface ProgressTraits {
  job: string;
  title: string;
  state: JobState;
  stage: string;
  /** 0..1, or null while it is not known. */
  fraction: number | null;
  message: string;
  lane: string;
  /** Place in the lane, 1 = next; 0 = not waiting. */
  position: number;
  /** Why admission keeps the job waiting; "" where it does not. */
  waiting: string;
  /** What is other than was asked for, each in a sentence. */
  warnings: string[];
}

export interface GenerateTraits {
  /** Parts of the first draft; empty: a text to speak by the default voice. */
  draft: Record<string, unknown>;
  /** Written here: jobs whose takes have come. */
  jobs: string[];
}

export interface CompareTraits {
  /** Written by Python: the takes' jobs. */
  jobs: string[];
  /** Written here. */
  favourites: string[];
  /** Written here: one answer of a blind test each. */
  trials: Trial[];
}

/** All that a queue shows comes by calls. */
export type QueueTraits = Record<never, never>;
