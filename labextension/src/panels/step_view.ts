/** One step of a request: whose voice, and that voice's settings. */

import type { Step } from "../api/types";
import type { Settings } from "../api/nouns";
import type { Catalogue } from "../model/catalogue";
import { element } from "./dom";
import { Form } from "./form";
import { labels } from "./labels";
import { VoicePicker } from "./voice_picker";

export class StepView {
  readonly el: HTMLElement;
  private readonly picker: VoicePicker;
  private readonly form: Form;
  private index = 0;
  private step: Step = { task: "speak", voice: null, settings: {} } as Step;
  private served: string | null = null;

  constructor(
    private readonly catalogue: Catalogue,
    task: "speak" | "convert",
    private readonly onChange: (index: number, parts: Partial<Step>) => void
  ) {
    this.picker = new VoicePicker(labels.generate.voice[task], voice => {
      // Settings belong to an architecture: another one's controls have other names.
      const same = voice?.split(":")[0] === (this.step.voice ?? this.served)?.split(":")[0];
      const settings = same ? this.step.settings : {};
      this.onChange(this.index, { voice, settings });
      this.show({ ...this.step, voice, settings } as Step, this.index, this.served);
    });
    this.form = new Form(() => {
      this.step = { ...this.step, settings: this.form.settings } as Step;
      this.onChange(this.index, { settings: this.form.settings });
    });
    this.el = element("div", { class: "hs-step" }, this.picker.el, this.form.el);
  }

  /** `served` is the voice that would serve where none is named. */
  show(step: Step, index: number, served: string | null): void {
    this.step = step;
    this.index = index;
    this.served = served;
    this.picker.field = `steps.${index}.voice`;
    this.picker.show(this.catalogue.performing(step.task), step.voice ?? null, served);
    const controls = this.catalogue.controls(step.voice ?? served ?? "", step.task);
    this.form.show(controls, (step.settings ?? {}) as Settings, `steps.${index}.settings`);
  }

  /** The default voice became known: only its name and controls are new. */
  serve(served: string | null): void {
    if (this.step.voice === null && served !== this.served) {
      this.show(this.step, this.index, served);
    }
  }

  mark(messages: ReadonlyMap<string, string>): void {
    this.picker.mark(messages.get(`steps.${this.index}.voice`) ?? "");
    this.form.mark(messages);
  }
}
