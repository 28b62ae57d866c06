/** A blind test: letters instead of names, an answer, and at the end what the answers say. */

import { BlindTest, guessing, right, type BlindKind, type Trial } from "../model/blind";
import { element } from "./dom";
import { uniqueId } from "./field";
import { labels } from "./labels";

export interface BlindEvents {
  /** Let the take under a letter be heard. */
  hear(key: string): void;
  /** An answer was given. */
  answered(trial: Trial): void;
  /** The test is over: names may be seen again. */
  ended(): void;
}

export class BlindView {
  readonly el = element("div", {
    class: "hs-blind",
    role: "group",
    "aria-label": labels.blind.name,
    hidden: true
  });
  private test: BlindTest | null = null;
  private heard = "";

  constructor(
    private readonly title: (key: string) => string,
    private readonly events: BlindEvents
  ) {}

  get running(): boolean {
    return this.test !== null;
  }

  start(kind: BlindKind, keys: readonly string[]): void {
    this.test = new BlindTest(kind, keys);
    this.test.changed.connect(() => this.show());
    this.el.hidden = false;
    this.heard = "";
    this.show();
    this.el.querySelector<HTMLElement>("button")?.focus();
  }

  private show(): void {
    const { test } = this;
    if (test === null) {
      return;
    }
    const letters = test.letters.map(letter => {
      const button = element(
        "button",
        { type: "button", class: "hs-chip hs-letter", "aria-pressed": String(letter === this.heard) },
        labels.blind.hear(letter)
      );
      button.addEventListener("click", () => {
        this.heard = letter;
        letters.forEach((other, at) =>
          other.setAttribute("aria-pressed", String(test.letters[at] === letter))
        );
        this.events.hear(test.behind(letter));
      });
      return button;
    });
    const end = element("button", { type: "button", class: "hs-chip" }, labels.blind.end);
    end.addEventListener("click", () => this.end());
    this.el.replaceChildren(
      element(
        "div",
        { class: "hs-blind-head" },
        element("b", {}, labels.blind.question[test.kind]),
        element("span", { class: "hs-soft", role: "status" }, labels.blind.count(test.trials.length))
      ),
      element("div", { class: "hs-actions" }, ...letters),
      test.kind === "mushra" ? this.scores(test) : this.choices(test),
      element("div", { class: "hs-actions" }, end)
    );
  }

  private choices(test: BlindTest): HTMLElement {
    const buttons = ["A", "B"].map(letter => {
      const button = element(
        "button",
        { type: "button", class: "hs-primary" },
        labels.blind.choice[test.kind](letter)
      );
      button.addEventListener("click", () => this.answer(test, () => test.choose(letter)));
      return button;
    });
    return element("div", { class: "hs-actions" }, ...buttons);
  }

  private scores(test: BlindTest): HTMLElement {
    const sliders = test.letters.map(letter => {
      const id = uniqueId("score");
      const input = element("input", { id, type: "range", min: "0", max: "100", step: "1", value: "50" });
      const shown = element("output", { for: id, class: "hs-unit" }, "50");
      input.addEventListener("input", () => (shown.textContent = input.value));
      return {
        letter,
        input,
        el: element("div", { class: "hs-score" }, element("label", { for: id }, letter), input, shown)
      };
    });
    const submit = element("button", { type: "button", class: "hs-primary" }, labels.blind.rate);
    submit.addEventListener("click", () =>
      this.answer(test, () =>
        test.score(Object.fromEntries(sliders.map(({ letter, input }) => [letter, Number(input.value)])))
      )
    );
    return element(
      "div",
      { class: "hs-scores" },
      element("p", { class: "hs-soft" }, labels.blind.scale),
      ...sliders.map(one => one.el),
      submit
    );
  }

  private answer(test: BlindTest, give: () => void): void {
    this.heard = "";
    give();
    const last = test.trials.at(-1);
    if (last) {
      this.events.answered(last);
    }
  }

  private end(): void {
    const { test } = this;
    this.test = null;
    this.el.replaceChildren(
      element("b", {}, labels.blind.result),
      ...(test ? verdict(test, this.title).map(line => element("p", {}, line)) : [])
    );
    this.events.ended();
  }
}

/** What the answers say, a sentence a line. */
export function verdict(test: BlindTest, title: (key: string) => string): string[] {
  const { kind, trials } = test;
  if (trials.length === 0) {
    return [labels.blind.nothing];
  }
  if (kind === "abx") {
    const hits = right(trials);
    return [labels.blind.abx(hits, trials.length, guessing(hits, trials.length).toFixed(3))];
  }
  if (kind === "ab") {
    return counts(trials).map(([key, count]) => labels.blind.preferred(title(key), count, trials.length));
  }
  return means(trials).map(([key, mean]) => labels.blind.mean(title(key), mean.toFixed(0), trials.length));
}

function counts(trials: readonly Trial[]): [string, number][] {
  const found = new Map<string, number>();
  trials.forEach(({ order, choice }) =>
    order.forEach(key => found.set(key, (found.get(key) ?? 0) + (key === choice ? 1 : 0)))
  );
  return [...found].sort((one, other) => other[1] - one[1]);
}

function means(trials: readonly Trial[]): [string, number][] {
  const keys = [...new Set(trials.flatMap(({ scores }) => Object.keys(scores ?? {})))];
  const mean = (key: string) =>
    trials.reduce((sum, { scores }) => sum + (scores?.[key] ?? 0), 0) / trials.length;
  return keys.map(key => [key, mean(key)] as [string, number]).sort((one, other) => other[1] - one[1]);
}
