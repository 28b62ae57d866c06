/** Queue: jobs, lanes, warm models and storage. */

import type { CleanUp, LabApi, Refusal } from "../api/lab_api";
import type { JobView } from "../api/types";
import type { JobsModel } from "../model/jobs";
import { counted, listed, type Filter } from "../model/job_list";
import { QueueModel } from "../model/queue";
import { ApiTake } from "./api_take";
import { element, installStyle } from "./dom";
import { uniqueId } from "./field";
import { jobRow, lookOf } from "./job_row";
import { labels } from "./labels";
import { LanesView } from "./lanes_view";
import player from "./player";
import css from "./queue.css";
import { RowsView, type Row } from "./rows_view";
import { StorageView } from "./storage_view";
import { WorkersView } from "./workers_view";

const ROW_PIXELS = 48;
const FILTERS: Filter[] = ["all", "open", "done", "trouble"];

interface JobItem extends Row {
  job: JobView;
}

export function queueView(el: HTMLElement, api: LabApi, jobs: JobsModel): CleanUp {
  installStyle("queue", css);
  const queue = new QueueModel(api, jobs);
  let filter: Filter = "all";
  let chosen: string | null = null;
  const find = element("input", { type: "text", id: uniqueId("find"), placeholder: labels.queue.find });
  find.setAttribute("aria-label", labels.queue.find);
  const filters = FILTERS.map(name => {
    const button = element("button", { type: "button", class: "hs-chip" });
    button.addEventListener("click", () => {
      filter = name;
      show();
    });
    return button;
  });
  const rows = new RowsView<JobItem>(ROW_PIXELS, labels.queue.jobs, ({ job }) =>
    jobRow(
      job,
      job.id === chosen,
      action => void queue.act(job.id, action),
      () => void choose(job)
    )
  );
  const empty = element("p", { class: "hs-empty" });
  const lost = element("div", { class: "hs-problems", role: "status", hidden: true }, labels.queue.lost);
  const refused = element("div", { class: "hs-problems", role: "alert", hidden: true });
  const opened = new OpenedTake(api);
  const lanes = new LanesView((lane, paused) => void queue.setPaused(lane, paused));
  const workers = new WorkersView((worker, action) => void queue.actOnWorker(worker, action));
  const storage = new StorageView({ plan: () => queue.plan(), prune: () => queue.prune() });

  const choose = async (job: JobView) => {
    chosen = chosen === job.id || job.state !== "succeeded" ? null : job.id;
    show();
    await opened.show(chosen === null ? null : job);
  };
  const show = () => {
    const all = jobs.all();
    const counts = counted(all);
    filters.forEach((button, at) => {
      const name = FILTERS[at];
      button.textContent = `${labels.queue.filter[name]} ${counts[name]}`;
      button.setAttribute("aria-pressed", String(name === filter));
    });
    const found = listed(all, filter, find.value);
    rows.show(found.map(job => ({ key: job.id, look: lookOf(job, job.id === chosen), job })));
    rows.el.hidden = found.length === 0;
    rows.el.style.height = `${Math.min(10, found.length) * ROW_PIXELS}px`;
    empty.hidden = found.length > 0;
    empty.textContent = all.length === 0 ? labels.queue.none : labels.queue.noneSuch;
  };
  const showRest = () => {
    lanes.show(queue.lanes);
    workers.show(queue.workers);
    storage.show(queue.storage);
  };
  const showRefusal = (refusal: Refusal | null) => {
    refused.hidden = refusal === null;
    refused.textContent = refusal ? `${refusal.message} ${refusal.fix}` : "";
  };
  find.addEventListener("input", show);
  const stops = [
    queue.follow(),
    jobs.changed.connect(show),
    jobs.moved.connect(show),
    jobs.connected.connect(connected => (lost.hidden = connected)),
    queue.changed.connect(showRest),
    queue.refused.connect(showRefusal)
  ];
  const root = element(
    "div",
    { class: "hay-say-panel hay-say-queue", role: "group", "aria-label": labels.queue.panel },
    lost,
    refused,
    element(
      "div",
      { class: "hs-actions" },
      element("div", { class: "hs-filters", role: "group", "aria-label": labels.queue.filters }, ...filters),
      find
    ),
    rows.el,
    empty,
    opened.el,
    element("h4", {}, labels.queue.lanes),
    lanes.el,
    element("h4", {}, labels.queue.memoryOf),
    workers.el,
    element("h4", {}, labels.queue.storage),
    storage.el
  );
  el.append(root);
  show();
  return () => {
    stops.forEach(stop => stop());
    rows.dispose();
    opened.dispose();
    root.remove();
  };
}

/** The player of the job that was opened. */
class OpenedTake {
  readonly el = element("div", { class: "hs-opened" });
  private cleanUp: CleanUp | null = null;
  private wanted = "";

  constructor(private readonly api: LabApi) {}

  async show(job: JobView | null): Promise<void> {
    this.wanted = job?.id ?? "";
    this.dispose();
    if (job === null) {
      return;
    }
    try {
      const model = await ApiTake.read(this.api, job);
      if (this.wanted === job.id) {
        this.cleanUp = player.render({ model, el: this.el });
      }
    } catch (error) {
      this.el.textContent = String((error as Error).message);
    }
  }

  dispose(): void {
    this.cleanUp?.();
    this.cleanUp = null;
    this.el.replaceChildren();
  }
}
