import { describe, expect, it } from "vitest";
import { CommApi } from "../src/api/comm_api";
import { refusalOf, withQuery } from "../src/api/lab_api";
import { ServerApi } from "../src/api/server_api";
import { parsed, Stream } from "../src/api/stream";
import { PIECE_BYTES, sendClip } from "../src/api/uploads";
import { FakeApi } from "./fake_api";

type Hear = (content: unknown, buffers: DataView[]) => void;

/** The kernel's side of a comm: answers what `reply` gives. */
class Comm {
  readonly sent: Record<string, unknown>[] = [];
  readonly listeners = new Set<Hear>();
  constructor(private readonly reply: (question: Record<string, unknown>) => [object, DataView[]] | null) {}
  on(_: string, hear: Hear) {
    this.listeners.add(hear);
  }
  off(_: string, hear: Hear) {
    this.listeners.delete(hear);
  }
  send(question: Record<string, unknown>) {
    this.sent.push(question);
    const reply = this.reply(question);
    if (reply) {
      queueMicrotask(() => this.tell({ id: question.id, ...reply[0] }, reply[1]));
    }
  }
  tell(content: object, buffers: DataView[] = []) {
    [...this.listeners].forEach(hear => hear(content, buffers));
  }
}

describe("the API over a comm", () => {
  it("gives the document that the kernel answers", async () => {
    const comm = new Comm(() => [{ kind: "document", document: { jobs: [] } }, []]);
    expect(await new CommApi(comm).call("GET", "/jobs")).toEqual({ jobs: [] });
    expect(comm.sent[0]).toMatchObject({ kind: "call", method: "GET", path: "/jobs", body: null });
    expect(comm.listeners.size).toBe(0);
  });

  it("rejects with what the host refused, its problems and its way out", async () => {
    const error = {
      code: "invalid",
      message: "No.",
      problems: [{ field: "x", message: "No.", fix: { label: "Do y." } }]
    };
    const api = new CommApi(new Comm(() => [{ kind: "error", error }, []]));
    await expect(api.call("POST", "/jobs", {})).rejects.toMatchObject({ code: "invalid", fix: "Do y." });
  });

  it("joins a file from its chunks", async () => {
    const whole = new Uint8Array([1, 2, 3, 4, 5]);
    const comm = new Comm(({ from }) => {
      const at = from as number;
      return [
        { kind: "chunk", from: at, total: 5, media_type: "audio/flac" },
        [new DataView(whole.slice(at, at + 2).buffer)]
      ];
    });
    const shares: number[] = [];
    const blob = await new CommApi(comm).fetch("/artifacts/a", { onProgress: share => shares.push(share) });
    expect(new Uint8Array(await blob.arrayBuffer())).toEqual(whole);
    expect([blob.type, shares]).toEqual(["audio/flac", [0.4, 0.8, 1]]);
  });

  it("stops waiting when nobody waits any more", async () => {
    const comm = new Comm(() => null);
    const stop = new AbortController();
    const waiting = new CommApi(comm).call("GET", "/jobs", undefined, stop.signal);
    stop.abort();
    await expect(waiting).rejects.toMatchObject({ name: "AbortError" });
    expect(comm.listeners.size).toBe(0);
  });

  it("shares one subscription between all who follow", () => {
    const comm = new Comm(() => null);
    const api = new CommApi(comm);
    const heard: string[] = [];
    const listener = (name: string) => ({ onNews: () => heard.push(name), onConnection: () => undefined });
    const stops = [api.follow(listener("one")), api.follow(listener("two"))];
    comm.tell({ kind: "news", news: { events: [], progress: {} } });
    expect(heard).toEqual(["one", "two"]);
    stops.forEach(stop => stop());
    expect(comm.sent.map(({ kind }) => kind)).toEqual(["follow", "unfollow"]);
  });
});

describe("the API through a server", () => {
  const answering = (status: number, body: string) =>
    new ServerApi(() => Promise.resolve(new Response(body, { status })));

  it("sends and reads JSON", async () => {
    const sent: RequestInit[] = [];
    const api = new ServerApi((_, init) => {
      sent.push(init);
      return Promise.resolve(new Response('{"id":"j"}'));
    });
    expect(await api.call("POST", "/jobs", { seed: 1 })).toEqual({ id: "j" });
    expect(sent[0]).toMatchObject({ method: "POST", body: '{"seed":1}' });
  });

  it("tells a refusal, a stranger and a dead server apart", async () => {
    await expect(
      answering(404, '{"code":"job_missing","message":"Gone."}').call("GET", "/jobs/x")
    ).rejects.toMatchObject({
      code: "job_missing"
    });
    await expect(answering(502, "<html>").call("GET", "/jobs")).rejects.toMatchObject({
      code: "unreachable"
    });
    const dead = new ServerApi(() => Promise.reject(new TypeError("Failed to fetch")));
    await expect(dead.call("GET", "/jobs")).rejects.toMatchObject({ code: "unreachable" });
  });
});

describe("the event stream", () => {
  it("reads blocks with ids, names and several lines of data", () => {
    expect(parsed('id: 7\nevent: job\ndata: {"a":\ndata: 1}')).toEqual({
      id: "7",
      event: "job",
      data: '{"a":\n1}'
    });
    expect(parsed(": still here")).toEqual({ id: null, event: "message", data: "" });
  });

  it("goes on behind the last event when it breaks off", async () => {
    const asked: (string | null)[] = [];
    const job = (number: number) => `id: ${number}\nevent: job\ndata: {"number":${number},"job":"j"}\n\n`;
    const bodies = ['event: hello\ndata: {"last":4}\n\n' + job(5), job(6)];
    const numbers: number[] = [];
    await new Promise<void>(done => {
      const stream = new Stream((_, init) => {
        asked.push((init.headers as Record<string, string>)["Last-Event-ID"] ?? null);
        return Promise.resolve(new Response(bodies[Math.min(asked.length, bodies.length) - 1]));
      });
      const stop = stream.follow({
        onNews: ({ events }) => {
          numbers.push(...events.map(event => event.number));
          if (numbers.includes(6)) {
            stop();
            done();
          }
        },
        onConnection: () => undefined
      });
    });
    expect(numbers).toEqual([5, 6]);
    expect(asked).toEqual([null, "5"]);
  });
});

describe("an upload", () => {
  it("goes piece by piece from where it stands", async () => {
    const size = 2 * PIECE_BYTES + 5;
    let offset = PIECE_BYTES; // half of it was sent before
    const standing = () => ({
      id: "u",
      offset,
      complete: offset === size,
      clip: offset === size ? { sha256: "c" } : null
    });
    const api = new FakeApi({
      "POST /uploads": standing,
      "PUT /append/u": (body: unknown) => {
        offset += (body as { bytes: number }).bytes;
        return standing();
      }
    });
    const clip = await sendClip(api, new Blob([new Uint8Array(size)]), "a.wav");
    expect(clip.sha256).toBe("c");
    expect(api.asked.slice(1).map(([, body]) => (body as { offset: number }).offset)).toEqual([
      PIECE_BYTES,
      2 * PIECE_BYTES
    ]);
    expect((api.asked[0][1] as { sha256: string }).sha256).toHaveLength(64);
  });
});

it("what is unknown is an unreachable host, in words", () => {
  expect(refusalOf(null, "Nobody.")).toMatchObject({ code: "unreachable", message: "Nobody." });
});

it("a query holds what is given", () => {
  expect(withQuery("/jobs", { limit: 5, cursor: null, state: "a b" })).toBe("/jobs?limit=5&state=a%20b");
});
