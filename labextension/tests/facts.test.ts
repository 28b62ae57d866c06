import { describe, expect, it } from "vitest";

import type { PanelModel } from "../src/panels/context";
import { factsLine } from "../src/panels/facts_view";
import { pitchHeight, pitchPath } from "../src/panels/pitch_view";
import { question } from "../src/panels/question";
import type { InputReport, PlayerTraits } from "../src/panels/traits";

const REPORT: InputReport = {
  seconds: 3.2,
  sample_rate: 44100,
  lufs: -23.44,
  true_peak_dbtp: -1.26,
  clipped_samples: 0,
  noise_floor_db: -61.8,
  snr_db: 38,
  speech_share: 0.812,
  f0_median_hz: 121,
  f0_p5_hz: 98.4,
  f0_p95_hz: 180.2,
  f0_method: "harvest",
  dominant_band_hz: [250, 500],
  dominant_share: 0.41
};

describe("the line of facts", () => {
  it("says what matters, with real minus signs", () => {
    expect(factsLine(REPORT)).toBe(
      "\u221223.4 LUFS \u00b7 peak \u22121.3 dBTP \u00b7 noise \u221262 dB \u00b7 speech 81 % \u00b7 f0 98 to 180 Hz"
    );
  });

  it("tells of clipping, and leaves out what is not there", () => {
    const report = { ...REPORT, clipped_samples: 12, noise_floor_db: null, f0_p5_hz: null, f0_p95_hz: null };
    expect(factsLine(report)).toBe(
      "\u221223.4 LUFS \u00b7 peak \u22121.3 dBTP \u00b7 speech 81 % \u00b7 12 samples clipped"
    );
  });

  it("has one word for silence", () => {
    expect(factsLine({ ...REPORT, lufs: null, true_peak_dbtp: null })).toBe("silent");
  });
});

describe("a pitch over the spectrogram", () => {
  it("has a scale of four octaves from 50 Hz", () => {
    expect([50, 100, 200, 400, 800].map(pitchHeight)).toEqual([0, 0.25, 0.5, 0.75, 1]);
    expect(pitchHeight(2000)).toBe(1);
  });

  it("is broken where nothing is voiced, and a single point is a dot", () => {
    const path = pitchPath({ method: "dio", points_per_second: 10, hz: [200, 200, 0, 400, 0] }, 0.5);
    expect(path).toBe("M0.0,50.0h0L200.0,50.0M600.0,25.0h0");
  });

  it("draws nothing of a take that has no length", () => {
    expect(pitchPath({ method: "dio", points_per_second: 10, hz: [200] }, 0)).toBe("");
  });
});

describe("a question", () => {
  function model(reply: (asked: { kind: string; id: number }, hear: (content: unknown) => void) => void) {
    const listeners = new Set<(content: unknown) => void>();
    const made = {
      on: (_event: string, listener: (content: unknown) => void) => listeners.add(listener),
      off: (_event: string, listener: (content: unknown) => void) => listeners.delete(listener),
      send: (asked: { kind: string; id: number }) =>
        reply(asked, content => listeners.forEach(listener => listener(content)))
    };
    return { listeners, model: made as unknown as PanelModel<PlayerTraits> };
  }

  it("gets its own answer, not that to another view", async () => {
    const side = model((asked, hear) => {
      hear({ kind: "pitch", id: asked.id + 1, document: "not ours" });
      hear({ kind: "pitch", id: asked.id, document: "ours" });
    });
    await expect(question(side.model, "pitch", new AbortController().signal)).resolves.toBe("ours");
    expect(side.listeners.size).toBe(0);
  });

  it("hands on what went wrong, with the way out", async () => {
    const side = model((asked, hear) =>
      hear({ kind: "error", id: asked.id, message: "Gone.", fix: "Again." })
    );
    await expect(question(side.model, "pitch", new AbortController().signal)).rejects.toMatchObject({
      message: "Gone.",
      fix: "Again."
    });
  });

  it("ends when nobody waits any more", async () => {
    const side = model(() => undefined);
    const ended = new AbortController();
    const waiting = question(side.model, "pitch", ended.signal);
    ended.abort();
    await expect(waiting).rejects.toMatchObject({ name: "AbortError" });
    expect(side.listeners.size).toBe(0);
  });
});
