/** Prepare, finish and effects: what is done to the sound before and after the voices. */

import type { Draft, EffectPreset } from "../api/nouns";
import type { SoundControls } from "../model/catalogue";
import { element } from "./dom";
import { uniqueId } from "./field";
import { Form } from "./form";
import { labels } from "./labels";

export class PartsOfSound {
  readonly el = element("div", { class: "hs-sound-parts" });
  private readonly prepare = new Form(() => this.onChange({ prepare: this.prepare.settings }));
  private readonly finish = new Form(() => this.onChange({ finish: this.finish.settings }));
  private readonly preset = element("select", { id: uniqueId("effects") });
  private presets: EffectPreset[] = [];
  /** Where nothing is converted, nothing is prepared: whoever shows the parts hides it. */
  readonly prepareBox = fold(labels.generate.prepare, this.prepare.el);
  private readonly finishBox: HTMLDetailsElement;

  constructor(private readonly onChange: (parts: Partial<Draft>) => void) {
    const effects = element(
      "div",
      { class: "hs-field" },
      element(
        "div",
        { class: "hs-label-row" },
        element("label", { for: this.preset.id }, labels.generate.effects)
      ),
      this.preset
    );
    this.preset.dataset.field = "effects";
    this.preset.addEventListener("change", () => {
      const chosen = this.presets.find(one => one.name === this.preset.value);
      this.onChange({ effects: chosen?.chain ?? [] });
    });
    this.finishBox = fold(labels.generate.finish, this.finish.el, effects);
    this.el.append(this.prepareBox, this.finishBox);
  }

  show(sound: SoundControls, draft: Draft): void {
    this.prepare.show(sound.prepare, draft.prepare, "prepare");
    this.finish.show(sound.finish, draft.finish, "finish");
    this.presets = sound.presets;
    const chain = JSON.stringify(draft.effects);
    const chosen = sound.presets.find(one => JSON.stringify(one.chain) === chain);
    const options = [
      element(
        "option",
        { value: "" },
        draft.effects.length > 0 && !chosen ? labels.generate.ownEffects : labels.generate.noEffects
      ),
      ...sound.presets.map(one =>
        element("option", { value: one.name, title: one.sounds_like }, `${one.name}: ${one.sounds_like}`)
      )
    ];
    this.preset.replaceChildren(...options);
    this.preset.value = chosen?.name ?? "";
    this.count(draft);
  }

  /** Told beside the folded names, so that nothing is hidden that is on. */
  count(draft: Draft): void {
    tell(this.prepareBox, Object.keys(draft.prepare).length);
    tell(this.finishBox, Object.keys(draft.finish).length + draft.effects.length);
  }

  mark(messages: ReadonlyMap<string, string>): void {
    this.prepare.mark(messages);
    this.finish.mark(messages);
  }
}

function fold(name: string, ...content: HTMLElement[]): HTMLDetailsElement {
  const summary = element("summary", {}, element("span", {}, name), element("span", { class: "hs-count" }));
  return element("details", { class: "hs-fold" }, summary, ...content);
}

function tell(box: HTMLElement, count: number): void {
  const told = box.querySelector(".hs-count");
  if (told) {
    told.textContent = count > 0 ? labels.generate.changed(count) : "";
  }
}
