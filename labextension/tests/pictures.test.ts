import { describe, expect, it } from "vitest";

import { bytesOf } from "../src/panels/base64";
import { groundOf, ramp } from "../src/panels/palette";
import { frequencyMarks, heightOf, pixelsOf } from "../src/panels/spectrogram";
import type { Peaks, Spectrogram } from "../src/panels/traits";
import { barsOf, peakText } from "../src/panels/waveform";

const packed = (values: number[]) => btoa(String.fromCharCode(...values.map(value => value & 255)));

function peaks(low: number[], high: number[]): Peaks {
  return { columns: low.length, low: packed(low), high: packed(high) };
}

function spectrogram(changes: Partial<Spectrogram> = {}): Spectrogram {
  return {
    bands: 2,
    columns: 3,
    low_hz: 50,
    high_hz: 11025,
    scale: "mel",
    floor_db: -80,
    data: packed([0, 255, 1, 254, 2, 253]),
    ...changes
  };
}

describe("the waveform", () => {
  it("keeps the extremes of all columns that a bar covers", () => {
    const bars = barsOf(peaks([-10, -127, 0, -1], [5, 6, 127, 2]), 2);
    expect(bars).toEqual([
      { low: -1, high: 6 / 127 },
      { low: -1 / 127, high: 1 }
    ]);
  });

  it("repeats columns where there are more bars than columns", () => {
    expect(barsOf(peaks([-127, 0], [0, 127]), 4).map(bar => bar.high)).toEqual([0, 0, 1, 1]);
  });

  it("leaves out no column, whatever the number of bars", () => {
    const high = Array.from({ length: 1200 }, () => 0);
    for (const at of [0, 1, 599, 600, 1198, 1199]) {
      const one = [...high];
      one[at] = 127;
      for (const count of [7, 233, 640, 1199]) {
        expect(Math.max(...barsOf(peaks(high, one), count).map(bar => bar.high))).toBe(1);
      }
    }
  });

  it("draws quiet takes up to four times larger, and silence as silence", () => {
    expect(barsOf(peaks([-64], [64]), 1)[0].high).toBeCloseTo(1, 6);
    expect(barsOf(peaks([-10], [10]), 1)[0].high).toBeCloseTo(40 / 127, 6);
    expect(barsOf(peaks([0], [0]), 1)[0].high).toBe(0);
  });

  it("is empty where there is nothing to draw or no room", () => {
    expect(barsOf(peaks([], []), 10)).toEqual([]);
    expect(barsOf(peaks([0], [0]), 0)).toEqual([]);
  });

  it.each([
    [1, "0.0 dB"],
    [0.7, "\u22123.1 dB"],
    [2, "6.0 dB"],
    [0, "silent"]
  ])("tells a peak of %f as %s", (peak, text) => {
    expect(peakText(peak, "silent")).toBe(text);
  });
});

describe("the spectrogram", () => {
  it("lies with its highest band on top and time from left to right", () => {
    const grey = Uint8Array.from({ length: 256 * 3 }, (_, i) => Math.floor(i / 3));
    const pixels = pixelsOf(spectrogram(), grey);
    const reds = Array.from({ length: 6 }, (_, i) => pixels[i * 4]);
    expect(reds).toEqual([255, 254, 253, 0, 1, 2]);
    expect(pixels[3]).toBe(255);
  });

  it("stays quiet where its data is cut short", () => {
    const pixels = pixelsOf(spectrogram({ data: packed([9]) }), ramp("dark"));
    expect(pixels.length).toBe(2 * 3 * 4);
    expect(Array.from(pixels.slice(0, 3))).toEqual(Array.from(ramp("dark").slice(0, 3)));
  });

  it("has its lowest frequency at the lower edge and its highest at the upper one", () => {
    expect(heightOf(50, spectrogram())).toBeCloseTo(0);
    expect(heightOf(11025, spectrogram())).toBeCloseTo(1);
    // 1000 Hz is 1000 mel by definition; 50 Hz is 77.75 mel, 11025 Hz 3175.6 mel.
    expect(heightOf(1000, spectrogram())).toBeCloseTo((1000 - 77.75) / (3175.6 - 77.75), 3);
  });

  it.each([8000, 16000, 22050, 44100, 48000])("labels no two frequencies on one spot at %i Hz", rate => {
    const marks = frequencyMarks(spectrogram({ high_hz: rate / 2 }));
    expect(marks.length).toBeGreaterThan(1);
    marks.forEach((mark, i) => {
      expect(mark.height).toBeGreaterThan(0);
      expect(mark.height).toBeLessThan(1);
      expect(i === 0 || marks[i - 1].height - mark.height > 0.14).toBe(true);
    });
  });
});

describe("colours", () => {
  const lightness = (colours: Uint8Array, level: number) =>
    0.2126 * colours[level * 3] + 0.7152 * colours[level * 3 + 1] + 0.0722 * colours[level * 3 + 2];

  it("rise in lightness on dark ground and fall on light ground, so that louder always stands out more", () => {
    for (let level = 8; level < 256; level += 8) {
      expect(lightness(ramp("dark"), level)).toBeGreaterThan(lightness(ramp("dark"), level - 8));
      expect(lightness(ramp("light"), level)).toBeLessThan(lightness(ramp("light"), level - 8));
    }
  });

  it.each([
    ["rgb(255, 255, 255)", "light"],
    ["rgb(17, 17, 17)", "dark"],
    ["rgba(33, 33, 33, 1)", "dark"]
  ])("suit the ground %s: %s", (colour, ground) => {
    expect(groundOf(colour)).toBe(ground);
  });
});

it("base64 keeps every byte", () => {
  const all = Array.from({ length: 256 }, (_, i) => i);
  expect(Array.from(bytesOf(packed(all)))).toEqual(all);
});
