/** The progress panel: where a job is, what it waits for, and the way to stop it. */

import { element, icon, installStyle, type Icon } from "./dom";
import type { CleanUp, PanelContext } from "./context";
import { labels } from "./labels";
import css from "./progress.css";
import { isEnded, waitingLine } from "./job_state";
import type { JobState, ProgressTraits } from "./traits";

const ICONS: Partial<Record<JobState, Icon>> = {
  succeeded: "done",
  failed: "wrong",
  quarantined: "wrong",
  cancelled: "stop"
};

const SHOWN = [
  "title",
  "state",
  "stage",
  "fraction",
  "message",
  "lane",
  "position",
  "waiting",
  "warnings"
] as const;

function render({ model, el }: PanelContext<ProgressTraits>): CleanUp {
  installStyle("progress", css);
  const mark = element("span", { class: "hs-mark" });
  const title = element("span", { class: "hs-title" });
  const state = element("span", { class: "hs-state", role: "status" });
  const share = element("span", { class: "hs-share", "aria-hidden": "true" });
  const fill = element("div", { class: "hs-fill" });
  const bar = element(
    "div",
    {
      class: "hs-track",
      role: "progressbar",
      "aria-label": labels.progress.bar,
      "aria-valuemin": "0",
      "aria-valuemax": "100"
    },
    fill
  );
  const detail = element("div", { class: "hs-detail" });
  const warnings = element("ul", { class: "hs-warnings", "aria-label": labels.progress.warnings });
  const cancel = element("button", { type: "button", class: "hs-cancel" }, labels.progress.cancel);
  const root = element(
    "div",
    { class: "hay-say-progress", role: "group" },
    element("div", { class: "hs-row" }, mark, title, state, share, cancel),
    bar,
    detail,
    warnings
  );
  let asked = false;
  let refusal = "";
  cancel.addEventListener("click", () => {
    asked = true;
    refusal = "";
    model.send({ kind: "cancel" });
    show();
  });
  const hear = (content: unknown) => {
    const answer = content as { kind: string; message: string; fix: string };
    if (answer.kind === "error") {
      asked = false;
      refusal = detailLine(answer.message, answer.fix);
      show();
    }
  };

  const show = () => {
    const now = model.get("state");
    const name = model.get("title") || labels.progress.untitled;
    const fraction = now === "succeeded" ? 1 : model.get("fraction");
    const shape = ICONS[now];
    root.dataset.state = now;
    root.setAttribute("aria-label", labels.progress.panel(name));
    mark.replaceChildren(...(shape ? [icon(shape)] : [element("i", { class: "hs-dot" })]));
    setText(title, name);
    setText(state, labels.progress.state[now]);
    showFraction(bar, fill, share, isEnded(now) && now !== "succeeded" ? null : fraction);
    const story = [model.get("stage"), model.get("message"), waitingLine(traitsOf(model)), refusal];
    setText(detail, detailLine(...story));
    showWarnings(warnings, model.get("warnings"));
    bar.hidden = isEnded(now);
    cancel.hidden = isEnded(now);
    cancel.disabled = asked || now === "cancelling";
  };
  SHOWN.forEach(trait => model.on(`change:${trait}`, show));
  model.on("msg:custom", hear);
  show();
  el.append(root);
  return () => {
    SHOWN.forEach(trait => model.off(`change:${trait}`, show));
    model.off("msg:custom", hear);
    root.remove();
  };
}

function traitsOf(model: PanelContext<ProgressTraits>["model"]) {
  return {
    state: model.get("state"),
    lane: model.get("lane"),
    position: model.get("position"),
    waiting: model.get("waiting")
  };
}

function showFraction(
  bar: HTMLElement,
  fill: HTMLElement,
  share: HTMLElement,
  fraction: number | null
): void {
  bar.classList.toggle("hs-unknown", fraction === null);
  if (fraction === null) {
    bar.removeAttribute("aria-valuenow");
    fill.style.width = "";
    setText(share, "");
  } else {
    const percent = Math.round(Math.max(0, Math.min(1, fraction)) * 100);
    bar.setAttribute("aria-valuenow", String(percent));
    fill.style.width = `${percent}%`;
    setText(share, `${percent} %`);
  }
}

function showWarnings(list: HTMLElement, sentences: string[]): void {
  list.hidden = sentences.length === 0;
  list.replaceChildren(...sentences.map(sentence => element("li", {}, sentence)));
}

function detailLine(...parts: string[]): string {
  return parts.filter(Boolean).join(" \u00b7 ");
}

/** A live region speaks again when its text is set, even to the same words. */
function setText(box: HTMLElement, text: string): void {
  if (box.textContent !== text) {
    box.textContent = text;
  }
}

export default { render };
