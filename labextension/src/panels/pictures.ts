/** Canvases: the waveform as bars, the spectrogram as pixels. Shared by every panel that shows sound. */

import { groundOf, ramp } from "./palette";
import { pixelsOf } from "./spectrogram";
import type { Peaks, Spectrogram } from "./traits";
import { barsOf } from "./waveform";

const BAR_PX = 2;
const GAP_PX = 1;

/** Draws bars across the canvas in its own CSS colour; one that is hidden just now keeps the size that it had. */
export function drawWaveform(canvas: HTMLCanvasElement, peaks: Peaks): void {
  const density = window.devicePixelRatio || 1;
  const box = canvas.getBoundingClientRect();
  if (box.width >= 1) {
    canvas.width = Math.round(box.width * density);
    canvas.height = Math.round(box.height * density);
  }
  const context = canvas.getContext("2d");
  if (context === null) {
    return;
  }
  context.setTransform(density, 0, 0, density, 0, 0);
  context.clearRect(0, 0, canvas.width, canvas.height);
  context.fillStyle = getComputedStyle(canvas).color;
  const middle = canvas.height / density / 2;
  const reach = middle - 1;
  const bars = barsOf(peaks, Math.floor((canvas.width / density + GAP_PX) / (BAR_PX + GAP_PX)));
  bars.forEach((bar, i) => {
    const top = middle - Math.max(bar.high, 0) * reach - 0.75;
    const bottom = middle - Math.min(bar.low, 0) * reach + 0.75;
    context.beginPath();
    context.roundRect(i * (BAR_PX + GAP_PX), top, BAR_PX, bottom - top, 1);
    context.fill();
  });
}

/** Draws one pixel per value; CSS stretches the canvas. The colours suit the ground that the canvas lies on. */
export function drawSpectrogram(canvas: HTMLCanvasElement, spectrogram: Spectrogram): void {
  const { columns, bands } = spectrogram;
  const context = canvas.getContext("2d");
  if (context === null || columns < 1 || bands < 1) {
    return;
  }
  canvas.width = columns;
  canvas.height = bands;
  const ground = groundOf(getComputedStyle(canvas).backgroundColor);
  context.putImageData(new ImageData(pixelsOf(spectrogram, ramp(ground)), columns, bands), 0, 0);
}
