/** The pictures of one take on one time line: waveform, words, spectrogram, ruler, cursor, loop. */

import { clock, rulerTicks } from "./clock";
import { element } from "./dom";
import { labels } from "./labels";
import { drawSpectrogram, drawWaveform } from "./pictures";
import { regionBetween, type Region } from "./region";
import { frequencyMarks } from "./spectrogram";
import { pitchView } from "./pitch_view";
import type { Picture, Pitch } from "./traits";
import { secondsUnder, WordsView } from "./words_view";
import type { Word } from "./words";

export interface StageEvents {
  seek(seconds: number): void;
  /** A stretch was dragged out; null where it was too short to loop. */
  drag(region: Region | null): void;
}

/** Less movement than this is a click. */
const DRAG_PX = 4;
const RULER_TICK_PX = 72;

export class StageView {
  readonly el: HTMLElement;
  /** Takes focus, and tells assistive technology the position. */
  readonly slider = element("div", {
    class: "hs-slider",
    role: "slider",
    tabindex: "0",
    "aria-label": labels.player.position,
    "aria-valuemin": "0"
  });
  private readonly rest = element("canvas", { class: "hs-bars hs-bars-rest", "aria-hidden": "true" });
  private readonly played = element("canvas", { class: "hs-bars hs-bars-played", "aria-hidden": "true" });
  private readonly spectrum = element("canvas", { class: "hs-spectrum", "aria-hidden": "true" });
  private readonly regionBox = element("div", { class: "hs-region", hidden: true });
  private readonly hover = element("div", { class: "hs-hover", hidden: true, "aria-hidden": "true" });
  private readonly ruler = element("div", { class: "hs-ruler", "aria-hidden": "true" });
  private readonly tracks: HTMLElement;
  private readonly words: WordsView;
  private readonly sizes = new ResizeObserver(() => this.layout());
  private pitch: HTMLElement | null = null;
  private grip: { pointer: number; x: number; word: number | undefined; dragging: boolean } | null = null;

  constructor(
    private readonly picture: Picture | null,
    words: readonly Word[],
    private readonly duration: () => number,
    private readonly events: StageEvents
  ) {
    this.words = new WordsView(words, duration);
    this.tracks = element(
      "div",
      { class: "hs-tracks" },
      ...(picture ? [element("div", { class: "hs-wave" }, this.rest, this.played)] : [this.blank()]),
      this.words.lane,
      ...(picture ? [element("div", { class: "hs-spectrum-box" }, this.spectrum, marksOf(picture))] : []),
      this.regionBox,
      this.hover,
      element("div", { class: "hs-cursor", "aria-hidden": "true" }),
      this.slider
    );
    this.el = element("div", { class: "hs-stage" }, this.tracks, this.ruler, this.words.transcript);
    this.listen();
    this.sizes.observe(this.tracks);
  }

  /** Draw again in the colours that hold now. */
  repaint(): void {
    if (this.picture) {
      drawWaveform(this.rest, this.picture.peaks);
      drawWaveform(this.played, this.picture.peaks);
      drawSpectrogram(this.spectrum, this.picture.spectrogram);
    }
  }

  showPosition(seconds: number): void {
    const duration = this.duration();
    this.tracks.style.setProperty("--hs-at", this.percent(Math.min(seconds, duration)));
    this.words.show(seconds);
    this.slider.setAttribute("aria-valuemax", duration.toFixed(2));
    this.slider.setAttribute("aria-valuenow", seconds.toFixed(2));
    this.slider.setAttribute(
      "aria-valuetext",
      labels.player.positionText(clock(seconds), clock(duration), this.words.textAt(seconds))
    );
  }

  showRegion(region: Region | null, looping: boolean): void {
    this.regionBox.hidden = region === null;
    this.regionBox.classList.toggle("hs-region-off", !looping);
    if (region) {
      this.regionBox.style.left = this.percent(region.start);
      this.regionBox.style.right = `calc(100% - ${this.percent(region.end)})`;
    }
  }

  /** Draw the pitch over the spectrogram; null takes it away. */
  showPitch(pitch: Pitch | null): void {
    this.pitch?.remove();
    this.pitch = pitch && pitchView(pitch, this.duration());
    if (this.pitch) {
      this.spectrum.after(this.pitch);
    }
  }

  dispose(): void {
    this.sizes.disconnect();
  }

  /** Lay out for the width and the duration that hold now. */
  layout(): void {
    const { width } = this.tracks.getBoundingClientRect();
    if (width < 1) {
      return;
    }
    this.words.layout(width);
    const ticks = rulerTicks(this.duration(), Math.floor(width / RULER_TICK_PX));
    this.ruler.replaceChildren(
      ...ticks.map(tick => element("span", { style: `left: ${this.percent(tick.seconds)}` }, tick.text))
    );
    this.repaint();
  }

  private listen(): void {
    const { el, tracks } = this;
    tracks.addEventListener("pointerdown", event => this.press(event));
    tracks.addEventListener("pointermove", event => this.move(event));
    tracks.addEventListener("pointerup", event => this.release(event));
    tracks.addEventListener("pointercancel", () => (this.grip = null));
    tracks.addEventListener("pointerleave", () => (this.hover.hidden = true));
    el.addEventListener("click", event => {
      const seconds = this.words.transcript.contains(event.target as Node)
        ? secondsUnder(event.target)
        : undefined;
      if (seconds !== undefined) {
        this.events.seek(seconds);
      }
    });
  }

  private press(event: PointerEvent): void {
    if (event.button !== 0) {
      return;
    }
    const word = secondsUnder(event.target);
    this.grip = { pointer: event.pointerId, x: event.clientX, word, dragging: false };
    this.tracks.setPointerCapture(event.pointerId);
    this.slider.focus({ preventScroll: true });
    event.preventDefault();
  }

  private move(event: PointerEvent): void {
    const seconds = this.secondsAt(event.clientX);
    this.hover.hidden = false;
    this.hover.style.left = this.percent(seconds);
    this.hover.dataset.time = clock(seconds);
    this.hover.classList.toggle("hs-hover-late", seconds > this.duration() / 2);
    const { grip } = this;
    if (grip?.pointer === event.pointerId) {
      grip.dragging ||= Math.abs(event.clientX - grip.x) > DRAG_PX;
      if (grip.dragging) {
        this.showRegion(regionBetween(this.secondsAt(grip.x), seconds, this.duration()), true);
      }
    }
  }

  private release(event: PointerEvent): void {
    const { grip } = this;
    if (grip?.pointer !== event.pointerId) {
      return;
    }
    this.grip = null;
    const seconds = this.secondsAt(event.clientX);
    if (grip.dragging) {
      this.events.drag(regionBetween(this.secondsAt(grip.x), seconds, this.duration()));
    } else {
      this.events.seek(grip.word ?? seconds);
    }
  }

  private secondsAt(clientX: number): number {
    const { left, width } = this.tracks.getBoundingClientRect();
    return (Math.max(0, Math.min(clientX - left, width)) / width) * this.duration();
  }

  private percent(seconds: number): string {
    const duration = this.duration();
    return `${duration > 0 ? (seconds / duration) * 100 : 0}%`;
  }

  private blank(): HTMLElement {
    return element("div", { class: "hs-blank" }, labels.player.noPicture);
  }
}

function marksOf(picture: Picture): HTMLElement {
  const marks = frequencyMarks(picture.spectrogram).map(mark =>
    element("span", { style: `bottom: ${mark.height * 100}%` }, mark.text)
  );
  return element("div", { class: "hs-marks", "aria-hidden": "true" }, ...marks);
}
