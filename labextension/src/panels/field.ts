/** One labelled input of a form, for one control. */

import type { Control, NumberControl, Value } from "../api/nouns";
import { element } from "./dom";
import { labels } from "./labels";

/** Each widget of a page is a module of its own: its ids must not meet those of the others. */
const MODULE = Math.random().toString(36).slice(2, 8);
let nextId = 0;

/** An id that no other element of the page has. */
export function uniqueId(what: string): string {
  return `hay-say-${what}-${MODULE}-${(nextId += 1)}`;
}

export interface Field {
  /** The label with its input. */
  el: HTMLElement;
  /** What a problem moves the focus to. */
  input: HTMLElement;
  value(): Value;
  set(value: Value): void;
  /** Words of a problem below the input; "" takes them away. */
  mark(message: string): void;
}

/** `path` is where the value stands in the request, as problems name it; `onChange` is called at each change. */
export function fieldOf(control: Control, value: Value, path: string, onChange: () => void): Field {
  const id = uniqueId("field");
  const { input, read, write, beside } = inputOf(control, onChange);
  input.id = id;
  input.dataset.field = path;
  const help = element("span", { class: "hs-help-text", id: `${id}-help` }, control.help);
  const wrong = element("span", { class: "hs-field-wrong", id: `${id}-wrong`, hidden: true });
  input.setAttribute("aria-describedby", `${id}-help ${id}-wrong`);
  const label = element("label", { for: id }, control.label);
  const row =
    control.kind === "toggle"
      ? element("div", { class: "hs-toggle" }, input, label)
      : element("div", { class: "hs-label-row" }, label, ...beside);
  const el = element(
    "div",
    { class: `hs-field hs-field-${control.kind}`, title: control.help },
    row,
    ...(control.kind === "toggle" ? [] : [input]),
    help,
    wrong
  );
  write(value);
  return {
    el,
    input,
    value: read,
    set: write,
    mark: message => {
      wrong.textContent = message;
      wrong.hidden = message === "";
      input.setAttribute("aria-invalid", String(message !== ""));
    }
  };
}

interface Input {
  input: HTMLInputElement | HTMLSelectElement;
  read(): Value;
  write(value: Value): void;
  beside: HTMLElement[];
}

function inputOf(control: Control, onChange: () => void): Input {
  if (control.kind === "number") {
    return numberInput(control, onChange);
  }
  if (control.kind === "choice") {
    const options = control.values.map(value => element("option", { value }, value.replace(/_/g, " ")));
    const input = element("select", {}, ...options);
    input.addEventListener("change", onChange);
    return {
      input,
      read: () => input.value,
      write: value => (input.value = String(value)),
      beside: []
    };
  }
  const isToggle = control.kind === "toggle";
  const input = element("input", { type: isToggle ? "checkbox" : "text" });
  input.addEventListener(isToggle ? "change" : "input", onChange);
  return {
    input,
    read: () => (isToggle ? input.checked : input.value),
    write: value => {
      if (isToggle) {
        input.checked = value === true;
      } else {
        input.value = String(value ?? "");
      }
    },
    beside: []
  };
}

/** A slider with its number beside it where a value is always there; a plain number where empty means "leave it". */
function numberInput(control: NumberControl, onChange: () => void): Input {
  const bounds = { min: String(control.low), max: String(control.high), step: String(control.step) };
  const unit = element("span", { class: "hs-unit" }, control.unit);
  if (control.default === null) {
    const input = element("input", { type: "number", placeholder: labels.form.leave, ...bounds });
    input.addEventListener("input", onChange);
    return {
      input,
      read: () => (input.value === "" ? null : Number(input.value)),
      write: value => (input.value = value === null ? "" : String(value)),
      beside: [unit]
    };
  }
  const input = element("input", { type: "range", ...bounds });
  const number = element("input", {
    type: "number",
    class: "hs-number",
    "aria-label": `${control.label} (${control.unit})`,
    ...bounds
  });
  const reset = element(
    "button",
    {
      type: "button",
      class: "hs-reset",
      title: labels.form.reset,
      "aria-label": labels.form.resetOf(control.label)
    },
    "\u21ba"
  );
  const write = (value: Value) => {
    input.value = number.value = String(value ?? control.default);
    input.setAttribute("aria-valuetext", `${number.value} ${control.unit}`);
    reset.hidden = Number(number.value) === control.default;
  };
  const change = (text: string) => {
    write(text === "" ? control.default : Number(text));
    onChange();
  };
  input.addEventListener("input", () => change(input.value));
  number.addEventListener("change", () => change(number.value));
  reset.addEventListener("click", () => {
    change("");
    input.focus();
  });
  return { input, read: () => Number(number.value), write, beside: [number, unit, reset] };
}
