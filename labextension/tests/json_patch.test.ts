import { describe, expect, it } from "vitest";
import type { PatchStep } from "../src/api/lab_api";
import { patched } from "../src/model/json_patch";

describe("a fix's patch", () => {
  const request = { text: { body: "Hi" }, steps: [{ voice: "a:b", settings: { "odd/name": 1 } }], seed: 1 };

  it.each<[string, PatchStep[], unknown]>([
    ["replaces a value", [{ op: "replace", path: "/seed", value: 2 }], { ...request, seed: 2 }],
    ["takes a value away", [{ op: "remove", path: "/seed" }], { text: request.text, steps: request.steps }],
    [
      "reaches into lists and escaped names",
      [{ op: "replace", path: "/steps/0/settings/odd~1name", value: 9 }],
      { ...request, steps: [{ voice: "a:b", settings: { "odd/name": 9 } }] }
    ],
    [
      "appends to a list",
      [{ op: "add", path: "/steps/-", value: 3 }],
      { ...request, steps: [...request.steps, 3] }
    ],
    ["empties a list", [{ op: "remove", path: "/steps/0" }], { ...request, steps: [] }],
    ["replaces the whole", [{ op: "replace", path: "", value: { seed: 5 } }], { seed: 5 }]
  ])("%s", (_, patch, expected) => {
    expect(patched<unknown>(request, patch)).toEqual(expected);
    expect(request.seed).toBe(1);
  });

  it.each(["/nowhere/deep", "/steps/7", "/seed/deep"])("refuses a place that is not there: %s", path => {
    expect(() => patched(request, [{ op: "replace", path, value: 0 }])).toThrow(RangeError);
  });
});
