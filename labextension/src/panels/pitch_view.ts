/** A take's pitch as lines over its spectrogram, on a scale of its own: four octaves from 50 Hz. */

import { element } from "./dom";
import type { Pitch } from "./traits";

const SVG = "http://www.w3.org/2000/svg";
const LOWEST_HERTZ = 50;
const OCTAVES = 4;
const MARKS_HERTZ = [100, 200, 400];
/** The drawing's own units; CSS stretches it. */
const WIDTH = 1000;
const HEIGHT = 100;

/** 0 = lower edge, 1 = upper edge. */
export function pitchHeight(hertz: number): number {
  return Math.max(0, Math.min(1, Math.log2(hertz / LOWEST_HERTZ) / OCTAVES));
}

/** A line for each voiced stretch, in units of WIDTH x HEIGHT; a single point is a dot. */
export function pitchPath(pitch: Pitch, seconds: number): string {
  let drawing = false;
  const parts: string[] = [];
  pitch.hz.forEach((hertz, i) => {
    if (hertz <= 0 || seconds <= 0) {
      drawing = false;
      return;
    }
    const x = Math.min(1, i / pitch.points_per_second / seconds) * WIDTH;
    const y = (1 - pitchHeight(hertz)) * HEIGHT;
    parts.push(`${drawing ? "L" : "M"}${x.toFixed(1)},${y.toFixed(1)}${drawing ? "" : "h0"}`);
    drawing = true;
  });
  return parts.join("");
}

/** Two strokes, a dark edge under a bright line: one of them stands out on every colour of either ramp. */
export function pitchView(pitch: Pitch, seconds: number): HTMLElement {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("viewBox", `0 0 ${WIDTH} ${HEIGHT}`);
  svg.setAttribute("preserveAspectRatio", "none");
  const line = pitchPath(pitch, seconds);
  for (const name of ["hs-pitch-edge", "hs-pitch-line"]) {
    const path = document.createElementNS(SVG, "path");
    path.setAttribute("class", name);
    path.setAttribute("d", line);
    path.setAttribute("vector-effect", "non-scaling-stroke");
    svg.append(path);
  }
  const marks = MARKS_HERTZ.map(hertz =>
    element("span", { style: `bottom: ${pitchHeight(hertz) * 100}%` }, `${hertz} Hz`)
  );
  return element(
    "div",
    { class: "hs-pitch", "aria-hidden": "true" },
    svg,
    element("div", { class: "hs-marks hs-marks-right" }, ...marks)
  );
}
