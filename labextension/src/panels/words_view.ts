/** The words: side by side under the waveform where they fit, else as a text below the pictures. */

import { element } from "./dom";
import { labels } from "./labels";
import { fitInLane, wordAt, type Word } from "./words";

/** Room that a word's box takes beside its text. */
const PADDING_PX = 3;

export class WordsView {
  readonly lane = element("div", { class: "hs-lane", role: "group", "aria-label": labels.player.words });
  readonly transcript = element("div", {
    class: "hs-transcript",
    role: "group",
    "aria-label": labels.player.words,
    tabindex: "0"
  });
  private readonly boxes: HTMLElement[];
  private current = -1;

  constructor(
    private readonly words: readonly Word[],
    private readonly duration: () => number
  ) {
    this.boxes = words.map(word =>
      element("span", { class: "hs-word", "data-seconds": String(word.start), title: word.text }, word.text)
    );
    this.lane.hidden = this.transcript.hidden = true;
  }

  /** Choose between lane and text for a width in pixels. */
  layout(width: number): void {
    const duration = this.duration();
    const fits = fitInLane(this.words, duration, width, this.measure());
    this.lane.hidden = !fits;
    this.transcript.hidden = fits || this.words.length === 0;
    this.words.forEach((word, i) => {
      const { style } = this.boxes[i];
      style.left = fits ? `${(word.start / duration) * 100}%` : "";
      style.width = fits ? `${((word.end - word.start) / duration) * 100}%` : "";
    });
    if (fits) {
      this.lane.replaceChildren(...this.boxes);
    } else {
      this.transcript.replaceChildren(...this.boxes.flatMap(box => [box, " "]));
    }
  }

  /** Mark the word that sounds now; the text's own box scrolls along, the page does not. */
  show(seconds: number): void {
    const index = wordAt(this.words, seconds);
    if (index === this.current) {
      return;
    }
    this.boxes[this.current]?.removeAttribute("aria-current");
    this.current = index;
    const box = this.boxes[index];
    if (box) {
      box.setAttribute("aria-current", "true");
      if (!this.transcript.hidden) {
        this.transcript.scrollTop = box.offsetTop - this.transcript.clientHeight / 2;
      }
    }
  }

  textAt(seconds: number): string {
    return this.words[wordAt(this.words, seconds)]?.text ?? "";
  }

  private measure(): (text: string) => number {
    const context = document.createElement("canvas").getContext("2d");
    if (context === null) {
      return () => 0;
    }
    const { fontSize, fontFamily } = getComputedStyle(this.lane);
    context.font = `${fontSize} ${fontFamily}`;
    return text => context.measureText(text).width + PADDING_PX;
  }
}

/** The time of the word under a pointer, or undefined. */
export function secondsUnder(target: EventTarget | null): number | undefined {
  const box = target instanceof Element ? target.closest<HTMLElement>(".hs-word") : null;
  return box ? Number(box.dataset.seconds) : undefined;
}
