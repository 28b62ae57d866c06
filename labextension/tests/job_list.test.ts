import { describe, expect, it } from "vitest";
import type { JobView } from "../src/api/types";
import { counted, listed } from "../src/model/job_list";

const job = (id: string, state: string, position: number | null = null, body = "", voices = ["a:b"]) =>
  ({
    id,
    state,
    position,
    voices,
    group: null,
    lane: "interactive",
    request: { text: { body } }
  }) as unknown as JobView;

const JOBS = [
  job("5", "succeeded", null, "Good morning"),
  job("4", "queued", 1),
  job("3", "queued", 0, "morning again", ["a:glass"]),
  job("2", "failed"),
  job("1", "running")
];

describe("the list of jobs", () => {
  it("begins with what runs, then who waits in the order of starting, then what ended", () => {
    expect(listed(JOBS, "all", "").map(one => one.id)).toEqual(["1", "3", "4", "5", "2"]);
  });

  it("is narrowed by a filter and by words of text, voice or lane", () => {
    expect(listed(JOBS, "open", "").map(one => one.id)).toEqual(["1", "3", "4"]);
    expect(listed(JOBS, "all", "MORNING").map(one => one.id)).toEqual(["3", "5"]);
    expect(listed(JOBS, "all", "morning glass").map(one => one.id)).toEqual(["3"]);
    expect(listed(JOBS, "trouble", "morning")).toEqual([]);
  });

  it("tells how many each filter would show", () => {
    expect(counted(JOBS)).toEqual({ all: 5, open: 3, done: 1, trouble: 1 });
  });
});
