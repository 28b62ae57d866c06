/** The API over a widget's comm: the kernel makes the calls, so it works where no Jupyter server stands beside it. */

import { Assembly } from "../panels/assembly";
import type { PanelModel } from "../panels/context";
import { labels } from "../panels/labels";
import {
  refusalOf,
  type Carrying,
  type CleanUp,
  type LabApi,
  type Method,
  type News,
  type NewsListener
} from "./lab_api";

/** Views of one model hear each other's answers: each counts on from a random place of its own. */
let nextId = Math.floor(Math.random() * 2 ** 40);

/** What the kernel answers: `id` as asked, and one of document, chunk (with a buffer) or error. */
interface Answer {
  kind: "document" | "chunk" | "error" | "news" | "connection";
  id?: number;
  document?: unknown;
  from?: number;
  total?: number;
  media_type?: string;
  error?: unknown;
  news?: News;
  connected?: boolean;
}

type Messenger = Pick<PanelModel<Record<never, never>>, "on" | "off" | "send">;

export class CommApi implements LabApi {
  private readonly listeners = new Set<NewsListener>();
  private readonly hear = (content: unknown) => this.heard(content as Answer);

  constructor(private readonly model: Messenger) {}

  async call<Document>(
    method: Method,
    path: string,
    body?: unknown,
    signal?: AbortSignal
  ): Promise<Document> {
    const [answer] = await this.ask({ kind: "call", method, path, body: body ?? null }, signal);
    return answer.document as Document;
  }

  async fetch(path: string, { onProgress, signal }: Carrying = {}): Promise<Blob> {
    const assembly = new Assembly();
    let mediaType = "";
    while (!assembly.complete) {
      const question = { kind: "fetch", path, from: assembly.next };
      const [answer, buffer] = await this.ask(question, signal);
      mediaType = answer.media_type ?? "";
      assembly.take(answer.from ?? -1, answer.total ?? -1, bytesOf(buffer));
      onProgress?.(assembly.fraction);
    }
    return new Blob([assembly.bytes() as BlobPart], { type: mediaType });
  }

  async append<Document>(
    upload: string,
    offset: number,
    piece: Blob,
    signal?: AbortSignal
  ): Promise<Document> {
    const buffer = await piece.arrayBuffer();
    const [answer] = await this.ask({ kind: "append", upload, offset }, signal, [buffer]);
    return answer.document as Document;
  }

  follow(listener: NewsListener): CleanUp {
    if (this.listeners.size === 0) {
      this.model.on("msg:custom", this.hear);
      this.model.send({ kind: "follow", id: nextId++ });
    }
    this.listeners.add(listener);
    return () => {
      this.listeners.delete(listener);
      if (this.listeners.size === 0) {
        this.model.off("msg:custom", this.hear);
        this.model.send({ kind: "unfollow", id: nextId++ });
      }
    };
  }

  private heard(answer: Answer): void {
    for (const listener of this.listeners) {
      if (answer.kind === "news" && answer.news) {
        listener.onNews(answer.news);
      } else if (answer.kind === "connection") {
        listener.onConnection(answer.connected ?? false);
      }
    }
  }

  private ask(
    question: Record<string, unknown>,
    signal?: AbortSignal,
    buffers?: ArrayBuffer[]
  ): Promise<[Answer, DataView | undefined]> {
    return new Promise((resolve, reject) => {
      const id = nextId++;
      const hear = (content: unknown, sent: DataView[]) => {
        const answer = content as Answer;
        if (answer.id !== id) {
          return;
        }
        settle();
        if (answer.kind === "error") {
          reject(refusalOf(answer.error, labels.api.broken));
        } else {
          resolve([answer, sent[0]]);
        }
      };
      const abort = () => {
        settle();
        reject(new DOMException("Nobody waits for the answer.", "AbortError"));
      };
      const settle = () => {
        this.model.off("msg:custom", hear);
        signal?.removeEventListener("abort", abort);
      };
      if (signal?.aborted) {
        abort();
        return;
      }
      signal?.addEventListener("abort", abort);
      this.model.on("msg:custom", hear);
      try {
        this.model.send({ ...question, id }, undefined, buffers);
      } catch (error) {
        settle();
        reject(error);
      }
    });
  }
}

function bytesOf(buffer: DataView | undefined): Uint8Array {
  return buffer ? new Uint8Array(buffer.buffer, buffer.byteOffset, buffer.byteLength) : new Uint8Array();
}
