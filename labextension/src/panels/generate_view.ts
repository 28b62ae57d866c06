/** Generate: a text or a recording, a voice or two, settings, and the sound that comes of it. */

import type { CleanUp, LabApi, Problem } from "../api/lab_api";
import type { Draft } from "../api/nouns";
import type { EstimateView, JobView } from "../api/types";
import { Catalogue } from "../model/catalogue";
import { Generation, type Way } from "../model/generation";
import type { JobsModel } from "../model/jobs";
import { ClipPicker } from "./clip_picker";
import { duration } from "./clock";
import { element, installStyle } from "./dom";
import { uniqueId } from "./field";
import css from "./generate.css";
import { labels } from "./labels";
import { PartsOfSound } from "./parts_of_sound";
import { byField, ProblemsView } from "./problems_view";
import { SeedView } from "./seed_view";
import { StepView } from "./step_view";
import { TakesView } from "./takes_view";

export interface GenerateOptions {
  draft?: Partial<Draft>;
  /** A take has come: its job. */
  onTake?(job: JobView): void;
}

const WAYS: Way[] = ["speak", "convert", "chain"];

export function generateView(
  el: HTMLElement,
  api: LabApi,
  jobs: JobsModel,
  options: GenerateOptions = {}
): CleanUp {
  installStyle("generate", css);
  const catalogue = new Catalogue(api);
  const generation = new Generation(api, options.draft);
  const text = textBox(generation);
  const clip = new ClipPicker(api, sent => generation.change({ clip: sent?.sha256 ?? null }));
  const steps = {
    speak: new StepView(catalogue, "speak", (index, parts) => generation.changeStep(index, parts)),
    convert: new StepView(catalogue, "convert", (index, parts) => generation.changeStep(index, parts))
  };
  const sound = new PartsOfSound(parts => {
    generation.change(parts);
    sound.count(generation.draft);
  });
  const seed = new SeedView(generation);
  const ways = wayTabs(generation);
  const root = element("div", {
    role: "group",
    class: "hay-say-panel hay-say-generate",
    "aria-label": labels.generate.panel
  });
  const go = (field: string) => focusField(root, field);
  const problems = new ProblemsView({ go, mend: problem => generation.mend(problem) });
  const estimate = element("span", { class: "hs-estimate", role: "status" });
  const button = element("button", { type: "submit", class: "hs-primary" }, labels.generate.button);
  const takes = new TakesView(api, jobs, options.onTake);

  const form = element(
    "form",
    { class: "hs-generate-form", novalidate: true },
    ways.el,
    text.el,
    clip.el,
    steps.speak.el,
    steps.convert.el,
    sound.el,
    problems.el,
    element("div", { class: "hs-actions" }, button, seed.el, estimate)
  );
  const submit = async () => {
    const job = await generation.generate();
    if (job) {
      takes.add(job);
    } else {
      go(generation.problems[0]?.field ?? "");
    }
  };
  form.addEventListener("submit", event => {
    event.preventDefault();
    void submit();
  });
  form.addEventListener("keydown", event => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
      event.preventDefault();
      // The notebook would run the cell.
      event.stopPropagation();
      form.requestSubmit();
    }
  });

  const showAll = () => {
    const { draft, way, serving } = generation;
    text.show(draft);
    ways.show(way);
    text.el.hidden = way === "convert";
    clip.el.hidden = way !== "convert";
    sound.prepareBox.hidden = way === "speak";
    for (const task of ["speak", "convert"] as const) {
      const index = draft.steps.findIndex(step => step.task === task);
      steps[task].el.hidden = index < 0;
      if (index >= 0) {
        steps[task].show(draft.steps[index], index, serving[index] ?? null);
      }
    }
    sound.show(catalogue.sound, draft);
    seed.show();
    showVerdict();
  };
  const showVerdict = () => {
    const shown: Problem[] = generation.asked ? generation.problems : [];
    problems.show(shown, generation.warnings);
    const messages = byField(shown);
    text.mark(messages.get("text.body") ?? messages.get("text") ?? "");
    clip.mark(messages.get("clip") ?? "");
    sound.mark(messages);
    generation.draft.steps.forEach((step, index) => {
      const view = steps[step.task as "speak" | "convert"];
      view.serve(generation.serving[index] ?? null);
      view.mark(messages);
    });
    button.setAttribute("aria-busy", String(generation.busy));
    estimate.textContent = generation.busy ? labels.generate.busy : estimateLine(generation.estimate);
  };
  const stops = [
    catalogue.changed.connect(showAll),
    generation.replaced.connect(showAll),
    generation.judged.connect(showVerdict)
  ];
  root.append(form, takes.el);
  el.append(root);
  showAll();
  void load(catalogue, generation);

  return () => {
    stops.forEach(stop => stop());
    generation.dispose();
    clip.dispose();
    takes.dispose();
    root.remove();
  };
}

async function load(catalogue: Catalogue, generation: Generation): Promise<void> {
  await Promise.allSettled([catalogue.load(), generation.judge()]);
}

function textBox(generation: Generation) {
  const id = uniqueId("text");
  const area = element("textarea", { id, rows: "3", placeholder: labels.generate.placeholder });
  area.dataset.field = "text.body";
  area.addEventListener("input", () =>
    generation.change({
      text: { language: null, markup: "plain", ...generation.draft.text, body: area.value }
    })
  );
  const el = element("div", { class: "hs-field" }, element("label", { for: id }, labels.generate.text), area);
  return {
    el,
    show: (draft: Draft) => {
      const body = draft.text?.body ?? "";
      if (area.value !== body) {
        area.value = body;
      }
    },
    mark: (message: string) => area.setAttribute("aria-invalid", String(message !== ""))
  };
}

function wayTabs(generation: Generation) {
  const buttons = WAYS.map(way => {
    const button = element("button", { type: "button", class: "hs-way" }, labels.generate.way[way]);
    button.addEventListener("click", () => (generation.way = way));
    return button;
  });
  const el = element(
    "div",
    { class: "hs-ways", role: "group", "aria-label": labels.generate.ways },
    ...buttons
  );
  const show = (way: Way) =>
    buttons.forEach((button, index) => button.setAttribute("aria-pressed", String(WAYS[index] === way)));
  return { el, show };
}

/** "About 3 s, 220 MB of memory", and where that is from. */
export function estimateLine(estimate: EstimateView | null): string {
  if (estimate === null) {
    return "";
  }
  const { about, declared } = labels.generate;
  const told = about(duration(estimate.seconds), String(Math.round(estimate.memory_mb)));
  return estimate.based_on === "declared" ? `${told} ${declared}` : told;
}

/** The field itself, else the nearest one whose name begins alike; folds around it are opened. */
export function focusField(root: HTMLElement, field: string): void {
  const inputs = [...root.querySelectorAll<HTMLElement>("[data-field]")].filter(input => visible(input));
  const exact = inputs.find(input => input.dataset.field === field);
  const near = inputs.find(
    input => field.startsWith(input.dataset.field ?? "?") || input.dataset.field?.startsWith(field)
  );
  const found = exact ?? near;
  for (let box = found?.closest("details"); box; box = box.parentElement?.closest("details")) {
    box.open = true;
  }
  found?.focus();
}

function visible(input: HTMLElement): boolean {
  return input.closest("[hidden]") === null;
}
