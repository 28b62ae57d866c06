/** A form from declared controls: groups in order, rarely used ones folded away, only what was changed in the result. */

import type { Control, Settings } from "../api/nouns";
import { settingOf } from "../api/nouns";
import { element } from "./dom";
import { fieldOf, type Field } from "./field";
import { labels } from "./labels";

export class Form {
  readonly el = element("div", { class: "hs-form" });
  private fields = new Map<string, Field>();
  private controls: Control[] = [];
  private path = "";

  constructor(private readonly onChange: () => void) {}

  /** Another set of controls; `path` is where their settings stand in the request ("steps.0.settings"). */
  show(controls: Control[], settings: Settings, path: string): void {
    this.controls = controls;
    this.path = path;
    this.fields = new Map(
      controls.map(control => [
        control.name,
        fieldOf(control, settingOf(control, settings), `${path}.${control.name}`, this.onChange)
      ])
    );
    const plain = controls.filter(control => !control.advanced);
    const advanced = controls.filter(control => control.advanced);
    const parts = this.groups(plain);
    if (advanced.length > 0) {
      const open = advanced.some(control => control.name in settings);
      parts.push(
        element(
          "details",
          { class: "hs-advanced", open },
          element("summary", {}, labels.form.advanced),
          ...this.groups(advanced)
        )
      );
    }
    this.el.replaceChildren(...parts);
    this.el.hidden = controls.length === 0;
  }

  /** What differs from the defaults. */
  get settings(): Settings {
    const changed = this.controls.map(control => [control, this.fields.get(control.name)?.value()] as const);
    return Object.fromEntries(
      changed.flatMap(([control, value]) =>
        value === undefined || value === control.default ? [] : [[control.name, value]]
      )
    );
  }

  set(settings: Settings): void {
    this.controls.forEach(control => this.fields.get(control.name)?.set(settingOf(control, settings)));
  }

  /** Marks the fields that problems name, and takes the marks off the others. */
  mark(messages: ReadonlyMap<string, string>): void {
    this.fields.forEach((field, name) => field.mark(messages.get(`${this.path}.${name}`) ?? ""));
  }

  private groups(controls: Control[]): HTMLElement[] {
    const names = [...new Set(controls.map(control => control.group))];
    return names.map(name => {
      const fields = controls
        .filter(control => control.group === name)
        .flatMap(control => this.fields.get(control.name)?.el ?? []);
      const body = element("div", { class: "hs-fields" }, ...fields);
      return name === ""
        ? body
        : element("fieldset", { class: "hs-group" }, element("legend", {}, name), body);
    });
  }
}
