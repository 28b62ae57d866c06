/** A box to find a voice in: type a part of its name, language or licence, choose with arrows or the pointer. */

import type { VoiceCard } from "../api/nouns";
import { element } from "./dom";
import { uniqueId } from "./field";
import { labels } from "./labels";

/** More than this nobody reads: typing narrows it. */
export const MOST_SHOWN = 60;

export class VoicePicker {
  readonly el: HTMLElement;
  readonly input: HTMLInputElement;
  private readonly list: HTMLElement;
  private readonly note = element("span", { class: "hs-picker-note" });
  private voices: readonly VoiceCard[] = [];
  private shown: VoiceCard[] = [];
  private active = -1;
  private chosen: string | null = null;
  private byDefault: string | null = null;

  constructor(
    name: string,
    private readonly onChoose: (voice: string | null) => void
  ) {
    const id = uniqueId("voices");
    this.list = element("ul", { class: "hs-options", role: "listbox", id, hidden: true, "aria-label": name });
    this.input = element("input", {
      type: "text",
      role: "combobox",
      id: `${id}-input`,
      autocomplete: "off",
      spellcheck: "false",
      "aria-expanded": "false",
      "aria-controls": id,
      "aria-autocomplete": "list"
    });
    this.el = element(
      "div",
      { class: "hs-picker" },
      element("div", { class: "hs-label-row" }, element("label", { for: this.input.id }, name), this.note),
      this.input,
      this.list
    );
    this.input.addEventListener("focus", () => this.input.select());
    this.input.addEventListener("click", () => this.open());
    this.input.addEventListener("input", () => this.open());
    this.input.addEventListener("keydown", event => this.key(event));
    this.input.addEventListener("blur", () => this.close());
    // The press must not take the focus from the box: the list would be gone before the click.
    this.list.addEventListener("pointerdown", event => event.preventDefault());
    this.list.addEventListener("click", event => {
      const option = (event.target as Element).closest("[data-voice]");
      if (option instanceof HTMLElement) {
        this.choose(option.dataset.voice ?? "");
      }
    });
  }

  /** Where the voice stands in the request, as problems name it. */
  set field(path: string) {
    this.input.dataset.field = path;
  }

  /** The voices to choose from, and the chosen one; null: the default one, which is `byDefault`. */
  show(voices: readonly VoiceCard[], chosen: string | null, byDefault: string | null = null): void {
    this.voices = voices;
    this.chosen = chosen;
    this.byDefault = byDefault;
    this.write();
  }

  get voice(): string | null {
    return this.chosen;
  }

  mark(message: string): void {
    this.input.setAttribute("aria-invalid", String(message !== ""));
    this.input.title = message;
  }

  private write(): void {
    const voice = this.voices.find(one => one.id === (this.chosen ?? this.byDefault));
    this.input.value = voice?.title ?? this.chosen ?? "";
    this.input.placeholder = labels.picker.any;
    this.note.textContent = voice ? voiceNote(voice) : "";
  }

  private open(): void {
    const typed = this.input.value === this.titleOf(this.chosen ?? this.byDefault) ? "" : this.input.value;
    const found = search(this.voices, typed);
    this.shown = found.slice(0, MOST_SHOWN);
    this.active = Math.max(
      0,
      this.shown.findIndex(voice => voice.id === (this.chosen ?? this.byDefault))
    );
    const options = this.shown.map((voice, index) =>
      element(
        "li",
        { role: "option", id: `${this.list.id}-${index}`, "data-voice": voice.id },
        element("span", { class: "hs-option-title" }, voice.title),
        element("span", { class: "hs-option-note" }, voiceNote(voice))
      )
    );
    const more = found.length - this.shown.length;
    const note = more > 0 ? labels.picker.more(more) : this.shown.length === 0 ? labels.picker.none : "";
    this.list.replaceChildren(
      ...options,
      ...(note ? [element("li", { class: "hs-option-more", role: "presentation" }, note)] : [])
    );
    this.list.hidden = false;
    this.input.setAttribute("aria-expanded", "true");
    this.highlight();
  }

  private close(): void {
    this.list.hidden = true;
    this.input.setAttribute("aria-expanded", "false");
    this.input.removeAttribute("aria-activedescendant");
    this.write();
  }

  private key(event: KeyboardEvent): void {
    if (this.list.hidden) {
      if (event.key === "ArrowDown" || event.key === "Enter") {
        event.preventDefault();
        this.open();
      }
      return;
    }
    const moves: Record<string, number> = { ArrowDown: 1, ArrowUp: -1, PageDown: 8, PageUp: -8 };
    if (event.key in moves) {
      this.active = Math.max(0, Math.min(this.shown.length - 1, this.active + moves[event.key]));
      this.highlight();
    } else if (event.key === "Enter" && this.shown[this.active]) {
      this.choose(this.shown[this.active].id);
    } else if (event.key === "Escape") {
      this.close();
    } else {
      return;
    }
    event.preventDefault();
    event.stopPropagation();
  }

  private choose(voice: string): void {
    this.chosen = voice;
    this.close();
    this.onChoose(voice);
  }

  private highlight(): void {
    [...this.list.querySelectorAll("[role=option]")].forEach((option, index) => {
      option.setAttribute("aria-selected", String(index === this.active));
      if (index === this.active) {
        this.input.setAttribute("aria-activedescendant", option.id);
        option.scrollIntoView({ block: "nearest" });
      }
    });
  }

  private titleOf(voice: string | null): string {
    return this.voices.find(one => one.id === voice)?.title ?? voice ?? "";
  }
}

/** Every word of `typed` stands somewhere in what is known of the voice; those whose title begins so come first. */
export function search(voices: readonly VoiceCard[], typed: string): VoiceCard[] {
  const words = typed.toLowerCase().split(/\s+/).filter(Boolean);
  const found = voices.filter(voice => {
    const known = [voice.title, voice.id, ...voice.languages, ...Object.values(voice.provenance)];
    const text = known.join(" ").toLowerCase();
    return words.every(word => text.includes(word));
  });
  const first = (voice: VoiceCard) => (voice.title.toLowerCase().startsWith(words[0] ?? "") ? 0 : 1);
  return words.length === 0 ? found : found.sort((one, other) => first(one) - first(other));
}

function voiceNote(voice: VoiceCard): string {
  return [voice.architecture, voice.languages.join(", "), voice.provenance.licence]
    .filter(Boolean)
    .join(" \u00b7 ");
}
