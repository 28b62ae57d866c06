import { describe, expect, it } from "vitest";
import type { VoiceCard } from "../src/api/nouns";
import { mono, wavOf } from "../src/model/wav";
import { pitchOf } from "../src/panels/api_take";
import { duration } from "../src/panels/clock";
import { search } from "../src/panels/voice_picker";

const voice = (id: string, title: string, languages: string[] = []) =>
  ({
    id,
    title,
    languages,
    architecture: id.split(":")[0],
    provenance: { licence: "MIT" }
  }) as unknown as VoiceCard;

describe("finding a voice", () => {
  const voices = [
    voice("a:en", "English", ["en"]),
    voice("a:pl", "Polish", ["pl"]),
    voice("b:glass", "Old English glass")
  ];

  it("needs every word, in any of its facts, and prefers titles that begin so", () => {
    expect(search(voices, "english").map(one => one.id)).toEqual(["a:en", "b:glass"]);
    expect(search(voices, "glass old").map(one => one.id)).toEqual(["b:glass"]);
    expect(search(voices, "MIT pl").map(one => one.id)).toEqual(["a:pl"]);
    expect(search(voices, "").length).toBe(3);
  });
});

describe("a recording of the browser", () => {
  it("becomes a WAV of 16 bits", async () => {
    const bytes = new DataView(await wavOf(new Float32Array([0, 1, -1, 2]), 48000).arrayBuffer());
    expect(bytes.byteLength).toBe(52);
    expect(bytes.getUint32(24, true)).toBe(48000);
    expect([44, 46, 48, 50].map(at => bytes.getInt16(at, true))).toEqual([0, 32767, -32767, 32767]);
  });

  it("is the mean of its channels", () => {
    expect([...mono([new Float32Array([1, 0]), new Float32Array([0, 0.5])])]).toEqual([0.5, 0.25]);
  });
});

it("a pitch is 0 where nobody trusts it", () => {
  const base64 = (values: number[]) =>
    btoa(String.fromCharCode(...new Uint8Array(new Float32Array(values).buffer)));
  const contour = {
    method: "harvest",
    frames_per_second: 200,
    hz: base64([100, 200]),
    confidence: base64([0.9, 0.1])
  };
  expect(pitchOf(contour)).toEqual({ method: "harvest", points_per_second: 200, hz: [100, 0] });
});

it.each([
  [0.02, "0.1 s"],
  [3.21, "3.2 s"],
  [12.4, "12 s"],
  [170, "3 min"],
  [7500, "2 h 5 min"]
])("%f seconds are told as %s", (seconds, told) => expect(duration(seconds)).toBe(told));
