import { describe, expect, it } from "vitest";

import { clock, rulerTicks } from "../src/panels/clock";
import { regionBetween, withEdge, wrapped } from "../src/panels/region";
import { fitInLane, nextWord, previousWord, wordAt, wordsOf } from "../src/panels/words";

describe("the clock", () => {
  it.each([
    [0, "0:00.0"],
    [1.25, "0:01.2"],
    [59.99, "0:59.9"],
    [60, "1:00.0"],
    [0.3, "0:00.3"],
    [3723.4, "1:02:03.4"],
    [-1, "0:00.0"]
  ])("shows %f seconds as %s", (seconds, text) => {
    expect(clock(seconds)).toBe(text);
  });
});

describe("the ruler", () => {
  it("takes the finest round step that its room allows", () => {
    expect(rulerTicks(2.3, 6).map(tick => tick.text)).toEqual(["0.0 s", "0.5 s", "1.0 s", "1.5 s", "2.0 s"]);
    expect(rulerTicks(90, 4).map(tick => tick.text)).toEqual(["0 s", "30 s", "1:00"]);
  });

  it("leaves out a mark whose text would be cut at the end", () => {
    expect(rulerTicks(4.05, 9).map(tick => tick.seconds)).not.toContain(4);
  });

  it("never has more marks than there is room for", () => {
    for (const seconds of [0.01, 0.7, 3, 61, 3599, 36000, 1e6]) {
      expect(rulerTicks(seconds, 8).length).toBeLessThanOrEqual(9);
    }
    expect(rulerTicks(0, 8)).toEqual([]);
  });
});

const WORDS = wordsOf({
  sample_rate: 100,
  words: [
    { text: "one", start: 10, end: 50 },
    { text: " ", start: 50, end: 60 },
    { text: "two", start: 60, end: 90 },
    { text: "three", start: 90, end: 150 }
  ]
});

describe("words", () => {
  it("come in seconds, and blanks are none", () => {
    expect(WORDS.map(word => [word.text, word.start, word.end])).toEqual([
      ["one", 0.1, 0.5],
      ["two", 0.6, 0.9],
      ["three", 0.9, 1.5]
    ]);
    expect(wordsOf(null)).toEqual([]);
  });

  it.each([
    [0, -1], // before the first
    [0.1, 0],
    [0.49, 0],
    [0.5, -1], // a pause
    [0.6, 1],
    [0.5999, 1], // a seek to a word's start may land a hair before it
    [0.9, 2], // one ends where the next starts
    [1.5, -1] // behind the last
  ])("at %f seconds word %i sounds", (seconds, index) => {
    expect(wordAt(WORDS, seconds)).toBe(index);
  });

  it("step forth to where the next one starts", () => {
    expect(nextWord(WORDS, 0)).toBe(0.1);
    expect(nextWord(WORDS, 0.1)).toBe(0.6);
    expect(nextWord(WORDS, 0.598)).toBe(0.9);
    expect(nextWord(WORDS, 1.2)).toBeUndefined();
    expect(nextWord([], 0)).toBeUndefined();
  });

  it("step back to where this one started, or from there to the one before", () => {
    expect(previousWord(WORDS, 1.4)).toBe(0.9);
    expect(previousWord(WORDS, 0.95)).toBe(0.6);
    expect(previousWord(WORDS, 0.2)).toBe(0.1);
    expect(previousWord(WORDS, 0.05)).toBeUndefined();
  });

  it("stand side by side only where nearly all of them can be read", () => {
    const measure = (text: string) => text.length * 10;
    expect(fitInLane(WORDS, 1.5, 300, measure)).toBe(true);
    expect(fitInLane(WORDS, 1.5, 100, measure)).toBe(false);
    expect(fitInLane([], 1.5, 300, measure)).toBe(false);
  });
});

describe("a loop", () => {
  it("is the same dragged from either end, and stays within the take", () => {
    expect(regionBetween(2, 1, 3)).toEqual({ start: 1, end: 2 });
    expect(regionBetween(-1, 9, 3)).toEqual({ start: 0, end: 3 });
  });

  it("is none where it would be too short to hear", () => {
    expect(regionBetween(1, 1.01, 3)).toBeNull();
  });

  it("gets its edges from the cursor", () => {
    expect(withEdge(null, "start", 1, 3)).toEqual({ start: 1, end: 3 });
    expect(withEdge(null, "end", 1, 3)).toEqual({ start: 0, end: 1 });
    expect(withEdge({ start: 1, end: 2 }, "start", 1.5, 3)).toEqual({ start: 1.5, end: 2 });
    expect(withEdge({ start: 1, end: 2 }, "start", 2.5, 3)).toEqual({ start: 2.5, end: 3 });
    expect(withEdge({ start: 1, end: 2 }, "end", 0.5, 3)).toEqual({ start: 0, end: 0.5 });
  });

  it("goes back to its start at its end and never before", () => {
    expect(wrapped(1.99, { start: 1, end: 2 })).toBe(1.99);
    expect(wrapped(2, { start: 1, end: 2 })).toBe(1);
  });
});
