/** The grid: a row a take, a column a stage; one cell is heard. */

import type { JobView } from "../api/types";
import { cellsOf, STAGES, type Cell, type StageName } from "../model/comparison";
import { titleOf } from "./api_take";
import { element } from "./dom";
import { labels } from "./labels";

export interface GridEvents {
  hear(cell: Cell): void;
  favour(job: JobView): void;
  choose(job: JobView): void;
}

export interface GridState {
  heard: string;
  loading: ReadonlySet<string>;
  favourites: readonly string[];
  chosen: readonly string[];
  level(key: string): number | null;
}

export class CompareGrid {
  readonly el: HTMLElement;
  private readonly body = element("tbody", {});
  private readonly buttons = new Map<string, HTMLButtonElement>();
  private readonly stars = new Map<string, HTMLButtonElement>();
  private readonly boxes = new Map<string, HTMLInputElement>();
  private cells: Cell[][] = [];

  constructor(private readonly events: GridEvents) {
    const head = element(
      "thead",
      {},
      element(
        "tr",
        {},
        element("th", { scope: "col" }, labels.compare.take),
        ...STAGES.map(stage => element("th", { scope: "col" }, labels.compare.stage[stage])),
        element("th", { scope: "col" }, labels.compare.blindColumn)
      )
    );
    this.el = element(
      "div",
      { class: "hs-grid-box", tabindex: "0", role: "group", "aria-label": labels.compare.grid },
      element("table", { class: "hs-grid" }, head, this.body)
    );
    this.body.addEventListener("keydown", event => this.key(event));
  }

  /** Other takes: the rows are made anew. */
  show(jobs: readonly JobView[]): void {
    this.buttons.clear();
    this.stars.clear();
    this.boxes.clear();
    this.cells = [];
    this.body.replaceChildren(...jobs.map(job => this.row(job)));
  }

  /** What is heard, loaded, favoured or chosen: only what changed is touched. */
  update(state: GridState): void {
    this.buttons.forEach((button, key) => {
      setAttribute(button, "aria-pressed", String(key === state.heard));
      setAttribute(button, "aria-busy", String(state.loading.has(key)));
      const level = state.level(key);
      const told = level === null || level > -0.05 ? "" : labels.compare.level(level.toFixed(1));
      const note = button.lastElementChild;
      if (note && note.textContent !== told) {
        note.textContent = told;
      }
    });
    this.stars.forEach((star, job) =>
      setAttribute(star, "aria-pressed", String(state.favourites.includes(job)))
    );
    this.boxes.forEach((box, job) => (box.checked = state.chosen.includes(job)));
  }

  /** The cells in reading order. */
  get all(): Cell[] {
    return this.cells.flat();
  }

  private row(job: JobView): HTMLElement {
    const cells = cellsOf(job);
    const title = titleOf(job);
    this.cells.push(STAGES.flatMap(stage => cells[stage] ?? []));
    const star = element(
      "button",
      { type: "button", class: "hs-star", "aria-label": labels.compare.favourite(title) },
      "\u2605"
    );
    star.addEventListener("click", () => this.events.favour(job));
    this.stars.set(job.id, star);
    const box = element("input", { type: "checkbox", "aria-label": labels.compare.choose(title) });
    box.addEventListener("change", () => this.events.choose(job));
    this.boxes.set(job.id, box);
    const note = [job.voices.join(" \u2192 "), labels.player.seed(String(job.seed ?? ""))].join(" \u00b7 ");
    return element(
      "tr",
      {},
      element(
        "th",
        { scope: "row" },
        element(
          "div",
          { class: "hs-grid-take" },
          star,
          element(
            "div",
            {},
            element("div", { class: "hs-title" }, title),
            element("div", { class: "hs-subtitle" }, note)
          )
        )
      ),
      ...STAGES.map(stage => element("td", {}, this.button(cells[stage], stage, title))),
      element("td", {}, box)
    );
  }

  private button(cell: Cell | undefined, stage: StageName, title: string): HTMLElement {
    if (!cell) {
      return element("span", { class: "hs-none", "aria-label": labels.compare.noStage }, "\u2013");
    }
    const name = labels.compare.stage[stage];
    const button = element(
      "button",
      {
        type: "button",
        class: "hs-cell",
        "data-key": cell.key,
        "aria-label": labels.compare.hear(name, title)
      },
      element("span", {}, name),
      element("span", { class: "hs-level" })
    );
    button.addEventListener("click", () => this.events.hear(cell));
    this.buttons.set(cell.key, button);
    return button;
  }

  /** Arrows move between the cells, which are heard as they are reached. */
  private key(event: KeyboardEvent): void {
    const key = (event.target as HTMLElement).dataset.key;
    const row = this.cells.findIndex(cells => cells.some(cell => cell.key === key));
    const column = this.cells[row]?.findIndex(cell => cell.key === key) ?? -1;
    const steps: Record<string, [number, number]> = {
      ArrowRight: [0, 1],
      ArrowLeft: [0, -1],
      ArrowDown: [1, 0],
      ArrowUp: [-1, 0]
    };
    const move = steps[event.key];
    if (!move || row < 0) {
      return;
    }
    event.preventDefault();
    event.stopPropagation();
    const stage = this.cells[row][column].stage;
    const next = move[0]
      ? this.cells[row + move[0]]?.find(cell => cell.stage === stage)
      : this.cells[row][column + move[1]];
    if (next) {
      this.buttons.get(next.key)?.focus();
      this.events.hear(next);
    }
  }
}

function setAttribute(el: HTMLElement, name: string, value: string): void {
  if (el.getAttribute(name) !== value) {
    el.setAttribute(name, value);
  }
}
