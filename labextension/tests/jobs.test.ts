import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { JobView } from "../src/api/types";
import { JobsModel } from "../src/model/jobs";
import { FakeApi } from "./fake_api";

const job = (id: string, state = "queued") => ({ id, state, progress: null }) as unknown as JobView;
const event = (id: string) => ({ number: 1, job: id, kind: "started", at: "", body: {} });

beforeEach(() => void vi.useFakeTimers());
afterEach(() => vi.useRealTimers());

async function following(answers: Record<string, unknown>) {
  const api = new FakeApi(answers);
  const jobs = new JobsModel(api);
  const stop = jobs.follow();
  await vi.runAllTimersAsync();
  const [listener] = api.listeners;
  return { api, jobs, stop, listener };
}

describe("the jobs of a lab", () => {
  it("are the newest ones, and those that news speak of are asked for again", async () => {
    const { api, jobs, listener } = await following({
      "GET /jobs": { jobs: [job("b"), job("a")], cursor: null },
      "GET /jobs/a": job("a", "running")
    });
    expect(jobs.all().map(one => one.id)).toEqual(["b", "a"]);
    listener.onNews({ events: [event("a"), event("a")], progress: {} });
    await vi.runAllTimersAsync();
    expect(jobs.get("a")?.state).toBe("running");
    expect(api.asked.filter(([path]) => path === "GET /jobs/a")).toHaveLength(1);
  });

  it("come page by page", async () => {
    const pages = [
      { jobs: [job("b")], cursor: "next" },
      { jobs: [job("a")], cursor: null }
    ];
    const { api, jobs } = await following({ "GET /jobs": () => pages.shift() });
    expect(jobs.all().map(one => one.id)).toEqual(["b", "a"]);
    expect(api.asked.map(([path]) => path)).toEqual([
      "GET /jobs?limit=200",
      "GET /jobs?limit=200&cursor=next"
    ]);
  });

  it("that move at once, many of them, cost one call", async () => {
    const { api, listener } = await following({ "GET /jobs": { jobs: [], cursor: null } });
    api.asked.length = 0;
    listener.onNews({ events: Array.from({ length: 50 }, (_, at) => event(`j${at}`)), progress: {} });
    await vi.runAllTimersAsync();
    expect(api.asked).toHaveLength(1);
  });

  it("tell progress without any call", async () => {
    const { api, jobs, listener } = await following({
      "GET /jobs": { jobs: [job("a", "running")], cursor: null }
    });
    api.asked.length = 0;
    const told: JobView[] = [];
    jobs.moved.connect(one => told.push(one));
    listener.onNews({ events: [], progress: { a: { stage: 0, task: "speak", fraction: 0.5, message: "" } } });
    expect(told.map(one => one.progress?.fraction)).toEqual([0.5]);
    expect(api.asked).toEqual([]);
  });

  it("are asked for again when the connection is back, and no more when nobody follows", async () => {
    const { api, jobs, stop, listener } = await following({ "GET /jobs": { jobs: [], cursor: null } });
    api.asked.length = 0;
    listener.onConnection(false);
    expect(jobs.isConnected).toBe(false);
    listener.onConnection(true);
    await vi.runAllTimersAsync();
    expect(api.asked).toHaveLength(1);
    stop();
    stop();
    expect(api.listeners.size).toBe(0);
  });
});
