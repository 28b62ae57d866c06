/** All problems at once, each with its one-click fix; warnings below them. */

import type { Problem } from "../api/lab_api";
import type { ProblemView } from "../api/types";
import { element, icon } from "./dom";
import { labels } from "./labels";

export interface Mending {
  /** A person wants this problem's patch. */
  mend(problem: Problem): void;
  /** A person wants to see the field of a problem. */
  go(field: string): void;
}

export class ProblemsView {
  readonly el = element("div", { class: "hs-problems", role: "alert", hidden: true });

  constructor(private readonly mending: Mending) {}

  show(problems: readonly Problem[], warnings: readonly ProblemView[] = []): void {
    const parts: HTMLElement[] = [];
    if (problems.length > 0) {
      parts.push(
        element("div", { class: "hs-problems-head" }, icon("wrong"), labels.problems.count(problems.length)),
        element("ul", {}, ...problems.map(problem => this.item(problem)))
      );
    }
    if (warnings.length > 0) {
      parts.push(element("ul", { class: "hs-warned" }, ...warnings.map(one => this.item(one as Problem))));
    }
    this.el.classList.toggle("hs-only-warned", problems.length === 0);
    this.el.replaceChildren(...parts);
    this.el.hidden = parts.length === 0;
  }

  private item(problem: Problem): HTMLElement {
    const link = element("button", { type: "button", class: "hs-problem-text" }, problem.message);
    link.addEventListener("click", () => this.mending.go(problem.field));
    const { label, patch } = problem.fix;
    if (!label) {
      return element("li", {}, link);
    }
    if (!patch?.length) {
      return element("li", {}, link, element("span", { class: "hs-way-out" }, label));
    }
    const mend = element("button", { type: "button", class: "hs-chip hs-mend" }, label);
    mend.addEventListener("click", () => this.mending.mend(problem));
    return element("li", {}, link, mend);
  }
}

/** The first message for each field. */
export function byField(problems: readonly Problem[]): Map<string, string> {
  const messages = new Map<string, string>();
  problems.forEach(({ field, message }) => messages.has(field) || messages.set(field, message));
  return messages;
}
