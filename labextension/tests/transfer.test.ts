import { describe, expect, it, vi } from "vitest";

import type { PanelModel } from "../src/panels/context";
import { fetchExport, TransferFailed, type Fetching } from "../src/panels/transfer";
import type { PlayerTraits } from "../src/panels/traits";

interface Ask {
  kind: string;
  id: number;
  format: string;
  from: number;
}

type Hear = (content: unknown, buffers: DataView[]) => void;
type Answering = (ask: Ask, answer: Hear) => void;

/** The other side of the model, at the panel's own seam. */
class OtherSide {
  readonly asked: Ask[] = [];
  readonly listeners = new Set<Hear>();

  constructor(private readonly answering: Answering) {}

  get model(): PanelModel<PlayerTraits> {
    return {
      get: () => {
        throw new Error("A transfer reads no trait.");
      },
      on: (_: string, listener: Hear) => void this.listeners.add(listener),
      off: (_: string, listener: Hear) => void this.listeners.delete(listener),
      send: (content: Record<string, unknown>) => {
        const ask = content as unknown as Ask;
        this.asked.push(ask);
        this.answering(ask, (answer, buffers) => this.listeners.forEach(hear => hear(answer, buffers)));
      }
    } as PanelModel<PlayerTraits>;
  }
}

const WHOLE = Uint8Array.from({ length: 10 }, (_, i) => i * 11);

/** Answers with four bytes at a time. */
const serve: Answering = (ask, answer) => {
  const part = WHOLE.slice(ask.from, ask.from + 4);
  answer({ kind: "chunk", id: ask.id, from: ask.from, total: WHOLE.length }, [new DataView(part.buffer)]);
};

function fetching(changes: Partial<Fetching> = {}): Fetching {
  return {
    onProgress: () => undefined,
    onLate: () => undefined,
    signal: new AbortController().signal,
    ...changes
  };
}

describe("fetching an export", () => {
  it("asks for one chunk after the other and says how far it is", async () => {
    const side = new OtherSide(serve);
    const shares: number[] = [];
    const got = await fetchExport(side.model, "flac", fetching({ onProgress: share => shares.push(share) }));
    expect(got).toEqual(WHOLE);
    expect(side.asked.map(ask => [ask.kind, ask.format, ask.from])).toEqual([
      ["chunk", "flac", 0],
      ["chunk", "flac", 4],
      ["chunk", "flac", 8]
    ]);
    expect(shares).toEqual([0.4, 0.8, 1]);
    expect(side.listeners.size).toBe(0);
  });

  it("ignores answers to another view of the same take", async () => {
    const side = new OtherSide((ask, answer) => {
      answer({ kind: "error", id: ask.id + 1, message: "not for us", fix: "" }, []);
      serve(ask, answer);
    });
    await expect(fetchExport(side.model, "wav", fetching())).resolves.toEqual(WHOLE);
  });

  it("takes a chunk that is a part of a larger buffer", async () => {
    const frame = Uint8Array.of(9, 9, 1, 2, 9);
    const side = new OtherSide((ask, answer) =>
      answer({ kind: "chunk", id: ask.id, from: 0, total: 2 }, [new DataView(frame.buffer, 2, 2)])
    );
    await expect(fetchExport(side.model, "wav", fetching())).resolves.toEqual(Uint8Array.of(1, 2));
  });

  it("hands on what the kernel says went wrong, with the way out", async () => {
    const side = new OtherSide((ask, answer) =>
      answer({ kind: "error", id: ask.id, message: "The sound is gone.", fix: "Make it again." }, [])
    );
    const failure = await fetchExport(side.model, "wav", fetching()).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(TransferFailed);
    expect(failure).toMatchObject({ message: "The sound is gone.", fix: "Make it again." });
    expect(side.listeners.size).toBe(0);
  });

  it("refuses a chunk that does not fit", async () => {
    const side = new OtherSide((ask, answer) =>
      answer({ kind: "chunk", id: ask.id, from: 7, total: 9 }, [new DataView(WHOLE.buffer)])
    );
    await expect(fetchExport(side.model, "wav", fetching())).rejects.toThrow(RangeError);
  });

  it("ends when it is stopped, and stops listening", async () => {
    const side = new OtherSide(() => undefined);
    const stop = new AbortController();
    const coming = fetchExport(side.model, "wav", fetching({ signal: stop.signal }));
    stop.abort();
    await expect(coming).rejects.toMatchObject({ name: "AbortError" });
    expect(side.listeners.size).toBe(0);
  });

  it("says that an answer is late, and goes on waiting for it", async () => {
    vi.useFakeTimers();
    let answerLate = () => {};
    const side = new OtherSide((ask, answer) => {
      answerLate = () => {
        serve({ ...ask, from: 0 }, (content, buffers) =>
          answer({ ...(content as object), total: 4 }, buffers)
        );
      };
    });
    const onLate = vi.fn();
    const coming = fetchExport(side.model, "wav", fetching({ onLate }));
    await vi.advanceTimersByTimeAsync(3000);
    expect(onLate).not.toHaveBeenCalled();
    await vi.advanceTimersByTimeAsync(2000);
    expect(onLate).toHaveBeenCalledOnce();
    answerLate();
    await expect(coming).resolves.toEqual(WHOLE.slice(0, 4));
    vi.useRealTimers();
  });

  it("fails where nobody can be asked any more", async () => {
    const side = new OtherSide(() => {
      throw new Error("The comm is closed.");
    });
    await expect(fetchExport(side.model, "wav", fetching())).rejects.toThrow("The comm is closed.");
    expect(side.listeners.size).toBe(0);
  });
});
