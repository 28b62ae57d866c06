/** Asks the other side of the model for a small document: a question goes out with an id, the answer comes back with it. */

import type { PanelModel } from "./context";
import { TransferFailed } from "./transfer";
import type { PlayerTraits } from "./traits";

let nextId = Math.floor(Math.random() * 2 ** 40);

interface Answer<Document> {
  kind: string;
  id: number;
  document: Document;
  message: string;
  fix: string;
}

/** Rejects with TransferFailed where the other side cannot say, with an AbortError where nobody waits any more. */
export function question<Document>(
  model: PanelModel<PlayerTraits>,
  kind: string,
  signal: AbortSignal
): Promise<Document> {
  return new Promise((resolve, reject) => {
    const id = nextId++;
    const hear = (content: unknown) => {
      const answer = content as Answer<Document>;
      if (answer.id !== id) {
        return;
      }
      settle();
      if (answer.kind === kind) {
        resolve(answer.document);
      } else {
        reject(new TransferFailed(answer.message, answer.fix));
      }
    };
    const abort = () => {
      settle();
      reject(new DOMException("Nobody waits for the answer.", "AbortError"));
    };
    const settle = () => {
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
      model.send({ kind, id });
    } catch (error) {
      settle();
      reject(error);
    }
  });
}
