/** Fetches an export from the other side of the model, chunk by chunk. */

import { Assembly } from "./assembly";
import type { PanelModel } from "./context";
import type { PlayerTraits } from "./traits";

/** What the other side said went wrong, and the way out. */
export class TransferFailed extends Error {
  constructor(
    message: string,
    readonly fix: string
  ) {
    super(message);
    this.name = "TransferFailed";
  }
}

export interface Fetching {
  /** Called after each chunk with 0..1. */
  onProgress(fraction: number): void;
  /** Called where an answer is late: the kernel may be busy or gone. The transfer goes on waiting. */
  onLate(): void;
  signal: AbortSignal;
}

const LATE_MS = 4000;

/** Views of one model hear each other's answers: each transfer counts on from a random place of its own. */
let nextId = Math.floor(Math.random() * 2 ** 40);

interface Answer {
  kind: string;
  id: number;
  from: number;
  total: number;
  message: string;
  fix: string;
}

/** Rejects with TransferFailed, with a RangeError (broken chunks), or with an AbortError. */
export async function fetchExport(
  model: PanelModel<PlayerTraits>,
  format: string,
  fetching: Fetching
): Promise<Uint8Array> {
  const assembly = new Assembly();
  while (!assembly.complete) {
    const [answer, chunk] = await ask(model, format, assembly.next, fetching);
    assembly.take(answer.from, answer.total, chunk);
    fetching.onProgress(assembly.fraction);
  }
  return assembly.bytes();
}

function ask(
  model: PanelModel<PlayerTraits>,
  format: string,
  from: number,
  { onLate, signal }: Fetching
): Promise<[Answer, Uint8Array]> {
  return new Promise((resolve, reject) => {
    const id = nextId++;
    const hear = (content: unknown, buffers: DataView[]) => {
      const answer = content as Answer;
      if (answer.id !== id) {
        return;
      }
      settle();
      if (answer.kind === "chunk" && buffers.length === 1) {
        const { buffer, byteOffset, byteLength } = buffers[0];
        resolve([answer, new Uint8Array(buffer, byteOffset, byteLength)]);
      } else {
        reject(new TransferFailed(answer.message, answer.fix));
      }
    };
    const abort = () => {
      settle();
      reject(new DOMException("The transfer was stopped.", "AbortError"));
    };
    const late = setTimeout(onLate, LATE_MS);
    const settle = () => {
      clearTimeout(late);
      model.off("msg:custom", hear);
      signal.removeEventListener("abort", abort);
    };
    if (signal.aborted) {
      abort();
      return;
    }
    signal.addEventListener("abort", abort);
    model.on("msg:custom", hear);
    try {
      model.send({ kind: "chunk", id, format, from });
    } catch (error) {
      settle();
      reject(error);
    }
  });
}
