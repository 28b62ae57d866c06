import { describe, expect, it } from "vitest";
import type { JobView } from "../src/api/types";
import { BlindTest, guessing, right } from "../src/model/blind";
import { cellsOf, matched } from "../src/model/comparison";
import { verdict } from "../src/panels/blind_view";

const stage = (kind: string, clip?: string) => ({ kind, outputs: clip ? { clip } : {} });
const job = {
  id: "j",
  artifact: "end",
  stages: [stage("decode", "raw"), stage("step", "said"), stage("step", "voice"), stage("finish", "end")]
};

describe("a take of a comparison", () => {
  it("has a sound for each stage that it went through", () => {
    const cells = cellsOf(job as unknown as JobView);
    expect(cells.source?.sha256).toBe("raw");
    expect(cells.prepared).toBeUndefined();
    expect(cells.generated?.sha256).toBe("voice");
    expect(cells.finished).toMatchObject({ key: "j/finished", sha256: "end" });
  });

  it("is turned down to the quietest one, never up", () => {
    const levels = matched(
      new Map([
        ["a", -14],
        ["b", -23],
        ["c", null]
      ])
    );
    expect(Object.fromEntries(levels)).toEqual({ a: -9, b: 0, c: 0 });
  });
});

describe("a blind test", () => {
  const always = (value: number) => () => value;

  it("hides what stands under a letter, and keeps the answer by name", () => {
    const test = new BlindTest("ab", ["one", "two"], always(0));
    expect(test.letters).toEqual(["A", "B"]);
    expect([test.behind("A"), test.behind("B")].sort()).toEqual(["one", "two"]);
    const chosen = test.behind("B");
    test.choose("B");
    expect(test.trials).toMatchObject([{ kind: "ab", choice: chosen, hidden: null }]);
  });

  it("plays A or B as X", () => {
    const test = new BlindTest("abx", ["one", "two"], always(0.9));
    expect(test.letters).toEqual(["A", "B", "X"]);
    expect(test.order).toContain(test.behind("X"));
    const letter = ["A", "B"].find(one => test.behind(one) === test.behind("X")) ?? "";
    test.choose(letter);
    expect(right(test.trials)).toBe(1);
  });

  it("shuffles anew for every answer", () => {
    const test = new BlindTest("mushra", ["a", "b", "c", "d", "e", "f"]);
    const orders = Array.from({ length: 12 }, () => {
      test.score(Object.fromEntries(test.letters.map(letter => [letter, 50])));
      return test.order.join("");
    });
    expect(new Set(orders).size).toBeGreaterThan(1);
    expect(Object.keys(test.trials[0].scores ?? {}).sort()).toEqual(["a", "b", "c", "d", "e", "f"]);
  });

  it("knows how many takes it needs", () => {
    expect([
      BlindTest.fits("abx", 2),
      BlindTest.fits("ab", 3),
      BlindTest.fits("mushra", 3),
      BlindTest.fits("mushra", 1)
    ]).toEqual([true, false, true, false]);
  });

  it("says what the answers say", () => {
    const test = new BlindTest("abx", ["one", "two"], always(0.1));
    expect(verdict(test, key => key)).toEqual(["No answer was given."]);
    test.choose(["A", "B"].find(one => test.behind(one) === test.behind("X")) ?? "");
    expect(verdict(test, key => key)[0]).toContain("1 of 1 right");
  });
});

it.each([
  [8, 8, 1 / 256],
  [9, 10, 11 / 1024],
  [0, 10, 1],
  [5, 10, 638 / 1024]
])("%i right of %i is guessed with a probability of %f", (hits, trials, p) => {
  expect(guessing(hits, trials)).toBeCloseTo(p, 12);
});
