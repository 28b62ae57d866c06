/** A long list of rows of one height: only those in sight are in the page, and a row is made anew only when it changed. */

import { element } from "./dom";

/** Rows beyond the edges, so that scrolling shows no gap. */
const BEYOND = 6;

export interface Row {
  key: string;
  /** What the row shows, as one text: the same text needs no new element. */
  look: string;
}

export class RowsView<Item extends Row> {
  readonly el: HTMLElement;
  private readonly filler = element("div", { class: "hs-rows-filler", role: "presentation" });
  private readonly shown = new Map<string, { look: string; el: HTMLElement }>();
  private items: readonly Item[] = [];
  private frame = 0;
  private readonly resized: ResizeObserver;

  constructor(
    private readonly rowPixels: number,
    label: string,
    private readonly draw: (item: Item) => HTMLElement
  ) {
    this.el = element(
      "div",
      { class: "hs-rows", role: "list", tabindex: "0", "aria-label": label },
      this.filler
    );
    this.el.addEventListener("scroll", () => this.later(), { passive: true });
    this.resized = new ResizeObserver(() => this.later());
    this.resized.observe(this.el);
  }

  show(items: readonly Item[]): void {
    this.items = items;
    this.filler.style.height = `${items.length * this.rowPixels}px`;
    this.later();
  }

  dispose(): void {
    cancelAnimationFrame(this.frame);
    this.resized.disconnect();
  }

  private later(): void {
    cancelAnimationFrame(this.frame);
    this.frame = requestAnimationFrame(() => this.paint());
  }

  private paint(): void {
    const { scrollTop, clientHeight } = this.el;
    const first = Math.max(0, Math.floor(scrollTop / this.rowPixels) - BEYOND);
    const last = Math.min(this.items.length, Math.ceil((scrollTop + clientHeight) / this.rowPixels) + BEYOND);
    const wanted = new Set<string>();
    for (let at = first; at < last; at++) {
      const item = this.items[at];
      wanted.add(item.key);
      const held = this.shown.get(item.key);
      const el = held?.look === item.look ? held.el : this.replaced(item, held?.el);
      el.style.transform = `translateY(${at * this.rowPixels}px)`;
      el.setAttribute("aria-posinset", String(at + 1));
      el.setAttribute("aria-setsize", String(this.items.length));
    }
    for (const [key, { el }] of this.shown) {
      if (!wanted.has(key)) {
        el.remove();
        this.shown.delete(key);
      }
    }
  }

  /** A row that is drawn anew keeps the focus that was in it. */
  private replaced(item: Item, before: HTMLElement | undefined): HTMLElement {
    const el = this.draw(item);
    el.setAttribute("role", "listitem");
    el.classList.add("hs-list-row");
    if (before) {
      const focused = before.contains(document.activeElement)
        ? (document.activeElement as HTMLElement).dataset.action
        : undefined;
      before.replaceWith(el);
      if (focused) {
        el.querySelector<HTMLElement>(`[data-action="${focused}"]`)?.focus();
      }
    } else {
      this.filler.append(el);
    }
    this.shown.set(item.key, { look: item.look, el });
    return el;
  }
}
