/** The waveform's geometry: peaks -> bars. Drawing is in stage_view.ts. */

import { bytesOf } from "./base64";
import type { Peaks } from "./traits";

/** Lowest and highest value of one bar, -1..1 of the picture's height. */
export interface Bar {
  low: number;
  high: number;
}

const FULL_SCALE = 127;
const MOST_GAIN = 4;

/** `count` bars from the peaks; quiet takes are drawn up to four times larger, so that they show their shape. */
export function barsOf(peaks: Peaks, count: number): Bar[] {
  const low = new Int8Array(bytesOf(peaks.low).buffer);
  const high = new Int8Array(bytesOf(peaks.high).buffer);
  const columns = Math.min(low.length, high.length);
  if (columns === 0 || count < 1) {
    return [];
  }
  const gain = gainOf(low, high);
  return Array.from({ length: count }, (_, i) => {
    const first = Math.floor((i * columns) / count);
    const behind = Math.ceil(((i + 1) * columns) / count);
    let [least, most] = [FULL_SCALE, -FULL_SCALE];
    for (let column = first; column < behind; column++) {
      least = Math.min(least, low[column]);
      most = Math.max(most, high[column]);
    }
    return { low: clamp((least * gain) / FULL_SCALE), high: clamp((most * gain) / FULL_SCALE) };
  });
}

/** How much larger than full scale the peaks may be drawn: up to the edge, and at most MOST_GAIN. */
function gainOf(low: Int8Array, high: Int8Array): number {
  let largest = 0;
  for (const values of [low, high]) {
    for (const value of values) {
      largest = Math.max(largest, Math.abs(value));
    }
  }
  return largest === 0 ? 1 : Math.min(MOST_GAIN, FULL_SCALE / largest);
}

function clamp(value: number): number {
  return Math.max(-1, Math.min(1, value));
}

/** Linear peak (1.0 = full scale) -> "-3.1 dB"; silence is "silent". */
export function peakText(peak: number, silent: string): string {
  if (!(peak > 1e-5)) {
    return silent;
  }
  const decibels = 20 * Math.log10(peak);
  return `${decibels < -0.05 ? "\u2212" : ""}${Math.abs(decibels).toFixed(1)} dB`;
}
