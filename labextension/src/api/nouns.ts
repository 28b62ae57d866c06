/** Nouns that travel as plain objects: the OpenAPI document calls them "object", `hay_say_lab/domain` says what is in them. */

import type { RequestText, Step } from "./types";

export type Value = string | number | boolean | null;
export type Settings = Record<string, Value>;

interface ControlBase {
  name: string;
  label: string;
  help: string;
  /** Controls of one group stand together; "" stands first. */
  group: string;
  /** Few people need it: it is folded away. */
  advanced: boolean;
}

export interface NumberControl extends ControlBase {
  kind: "number";
  unit: string;
  low: number;
  high: number;
  step: number;
  /** null: empty means "leave it". */
  default: number | null;
}

export interface ChoiceControl extends ControlBase {
  kind: "choice";
  values: string[];
  default: string;
}

export interface ToggleControl extends ControlBase {
  kind: "toggle";
  default: boolean;
}

export interface TextControl extends ControlBase {
  kind: "text";
  longest: number;
  default: string;
}

export type Control = NumberControl | ChoiceControl | ToggleControl | TextControl;

export interface Offer {
  task: string;
  controls: Control[];
  deterministic: boolean;
}

export interface Architecture {
  id: string;
  title: string;
  summary: string;
  version: string;
  licence: string;
  tasks: Offer[];
  resident_mb: number;
}

export interface VoiceCard {
  id: string;
  architecture: string;
  title: string;
  builtin: boolean;
  languages: string[];
  files: Record<string, { name: string; sha256: string; bytes: number }>;
  provenance: Record<string, string>;
  created_at: string;
}

export interface Effect {
  effect: string;
  sounds_like: string;
  mix: NumberControl;
  controls: Control[];
}

export interface EffectPreset {
  name: string;
  sounds_like: string;
  chain: { effect: string; settings: Settings; mix?: number }[];
}

/** The request as the panels write it. */
export interface Draft {
  text: RequestText | null;
  clip: string | null;
  steps: Step[];
  prepare: Settings;
  finish: Settings;
  effects: { effect: string; settings: Settings; mix?: number }[];
  seed: number;
  lane: "interactive" | "batch";
}

export function settingOf(control: Control, settings: Settings): Value {
  return control.name in settings ? settings[control.name] : control.default;
}
