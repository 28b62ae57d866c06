/** A spectrogram as pixels, and where its frequencies lie. Drawing is in stage_view.ts. */

import { bytesOf } from "./base64";
import type { Spectrogram } from "./traits";

/** RGBA pixels, row by row from the highest band down: uint8[bands * columns * 4]; short data leaves quiet pixels. */
export function pixelsOf(spectrogram: Spectrogram, ramp: Uint8Array): Uint8ClampedArray {
  const { bands, columns } = spectrogram;
  const levels = bytesOf(spectrogram.data);
  const pixels = new Uint8ClampedArray(bands * columns * 4);
  for (let column = 0; column < columns; column++) {
    for (let band = 0; band < bands; band++) {
      const level = levels[column * bands + band] ?? 0;
      const at = ((bands - 1 - band) * columns + column) * 4;
      pixels[at] = ramp[level * 3];
      pixels[at + 1] = ramp[level * 3 + 1];
      pixels[at + 2] = ramp[level * 3 + 2];
      pixels[at + 3] = 255;
    }
  }
  return pixels;
}

/** Hertz -> mel (O'Shaughnessy 1987, as HTK has it). */
function mel(hertz: number): number {
  return 2595 * Math.log10(1 + hertz / 700);
}

/** How high a frequency lies in the picture: 0 = lower edge, 1 = upper edge. */
export function heightOf(hertz: number, spectrogram: Spectrogram): number {
  const [low, high] = [mel(spectrogram.low_hz), mel(spectrogram.high_hz)];
  return (mel(hertz) - low) / (high - low);
}

export interface FrequencyMark {
  text: string;
  height: number;
}

const MARKS_HERTZ = [8000, 4000, 2000, 1000, 500];
const CLEAR_OF_EDGE = 0.07;
const CLEAR_OF_EACH_OTHER = 0.15;

/** The frequencies worth a label, highest first, none so near an edge or another that its text would suffer. */
export function frequencyMarks(spectrogram: Spectrogram): FrequencyMark[] {
  let above = Infinity;
  return MARKS_HERTZ.map(hertz => ({
    text: hertz >= 1000 ? `${hertz / 1000} kHz` : `${hertz} Hz`,
    height: heightOf(hertz, spectrogram)
  })).filter(({ height }) => {
    const clear =
      height > CLEAR_OF_EDGE && height < 1 - CLEAR_OF_EDGE && above - height > CLEAR_OF_EACH_OTHER;
    above = clear ? height : above;
    return clear;
  });
}
