import { describe, expect, it } from "vitest";

import { Assembly, MOST_BYTES } from "../src/panels/assembly";

const bytes = (...values: number[]) => Uint8Array.from(values);

describe("chunks on their way to one export", () => {
  it("are put together in the order in which they come", () => {
    const assembly = new Assembly();
    assembly.take(0, 5, bytes(1, 2));
    expect(assembly.next).toBe(2);
    expect(assembly.fraction).toBeCloseTo(0.4);
    expect(assembly.complete).toBe(false);
    assembly.take(2, 5, bytes(3, 4, 5));
    expect(assembly.complete).toBe(true);
    expect(assembly.bytes()).toEqual(bytes(1, 2, 3, 4, 5));
  });

  it("may be none at all: an empty export is complete with its first answer", () => {
    const assembly = new Assembly();
    assembly.take(0, 0, bytes());
    expect(assembly.complete).toBe(true);
    expect(assembly.bytes()).toEqual(bytes());
  });

  it.each([
    ["one that was not asked for", 3, 5, bytes(4, 5)],
    ["one that changes the total", 2, 6, bytes(3, 4)],
    ["more than the total", 2, 5, bytes(3, 4, 5, 6)],
    ["an empty one before the end", 2, 5, bytes()],
    ["a total that is no count", 2, -1, bytes(3)]
  ])("are refused: %s", (_, from, total, chunk) => {
    const assembly = new Assembly();
    assembly.take(0, 5, bytes(1, 2));
    expect(() => assembly.take(from, total, chunk)).toThrow(RangeError);
  });

  it("are refused where together they would be too much for a browser", () => {
    expect(() => new Assembly().take(0, MOST_BYTES + 1, bytes(1))).toThrow(RangeError);
  });

  it("give nothing before the last one came", () => {
    const assembly = new Assembly();
    expect(() => assembly.bytes()).toThrow(RangeError);
    assembly.take(0, 2, bytes(1));
    expect(() => assembly.bytes()).toThrow(RangeError);
  });
});
