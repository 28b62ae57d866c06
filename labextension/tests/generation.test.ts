import { afterEach, describe, expect, it, vi } from "vitest";
import { Refusal } from "../src/api/lab_api";
import { Generation } from "../src/model/generation";
import { FakeApi } from "./fake_api";

const FINE = { problems: [], warnings: [], voices: ["a:b"], estimate: null };
const EMPTY_TEXT = {
  field: "text.body",
  message: "There is no text.",
  fix: { label: "Say hello", patch: [{ op: "replace" as const, path: "/text/body", value: "Hello." }] }
};

afterEach(() => vi.useRealTimers());

describe("a generation", () => {
  it("sends what its way uses, and nothing else", () => {
    const generation = new Generation(new FakeApi({}), {
      text: { body: "Hi", language: null, markup: "plain" },
      clip: "c1",
      prepare: { crop_silence: true }
    });
    expect(generation.sent).toMatchObject({ text: { body: "Hi" }, clip: null, prepare: {} });
    generation.way = "convert";
    expect(generation.sent).toMatchObject({ text: null, clip: "c1", prepare: { crop_silence: true } });
    expect(generation.sent.steps.map(step => step.task)).toEqual(["convert"]);
    generation.way = "chain";
    expect(generation.sent).toMatchObject({ text: { body: "Hi" }, clip: null });
    expect(generation.sent.steps.map(step => step.task)).toEqual(["speak", "convert"]);
  });

  it("keeps a step's voice while another way is tried", () => {
    const generation = new Generation(new FakeApi({}), {
      steps: [{ task: "speak", voice: "a:b", settings: {} }]
    });
    generation.way = "chain";
    expect(generation.draft.steps[0].voice).toBe("a:b");
  });

  it("asks once for many changes in a row", async () => {
    vi.useFakeTimers();
    const api = new FakeApi({ "POST /preflight": FINE });
    const generation = new Generation(api);
    "Hello"
      .split("")
      .forEach((_, end) =>
        generation.change({ text: { body: "Hello".slice(0, end + 1), language: null, markup: "plain" } })
      );
    await vi.runAllTimersAsync();
    expect(api.asked.map(([path]) => path)).toEqual(["POST /preflight"]);
    expect(generation.serving).toEqual(["a:b"]);
  });

  it("shows all problems at a click, and a fix mends the request", async () => {
    const api = new FakeApi({
      "POST /preflight": FINE,
      "POST /jobs": () => {
        throw new Refusal("invalid", "There is no text.", [EMPTY_TEXT]);
      }
    });
    const generation = new Generation(api);
    expect(await generation.generate()).toBeNull();
    expect(generation.problems).toEqual([EMPTY_TEXT]);
    generation.mend(EMPTY_TEXT);
    expect(generation.draft.text?.body).toBe("Hello.");
  });

  it("draws a new seed for each take, unless it is locked", async () => {
    const api = new FakeApi({ "POST /jobs": { id: "j" }, "POST /preflight": FINE });
    const generation = new Generation(api, { seed: 7 });
    generation.seedLocked = true;
    await generation.generate();
    expect(generation.draft.seed).toBe(7);
    generation.seedLocked = false;
    await generation.generate();
    expect(generation.draft.seed).not.toBe(7);
    expect((api.asked.at(-1)?.[1] as { seed: number }).seed).toBe(7);
  });
});
