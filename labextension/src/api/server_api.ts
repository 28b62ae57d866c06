/** The API through Jupyter's own server, for the sidebar: plain calls, and one event stream for all who follow. */

import {
  refusalOf,
  Refusal,
  type Carrying,
  type CleanUp,
  type LabApi,
  type Method,
  type NewsListener
} from "./lab_api";
import { labels } from "../panels/labels";
import { Stream } from "./stream";

/** How to reach the server: JupyterLab's ServerConnection brings token and XSRF header along. */
export type Reach = (path: string, init: RequestInit) => Promise<Response>;

export class ServerApi implements LabApi {
  private readonly stream: Stream;

  constructor(private readonly reach: Reach) {
    this.stream = new Stream(reach);
  }

  async call<Document>(
    method: Method,
    path: string,
    body?: unknown,
    signal?: AbortSignal
  ): Promise<Document> {
    const init: RequestInit = { method, signal };
    if (body !== undefined) {
      init.body = JSON.stringify(body);
      init.headers = { "Content-Type": "application/json" };
    }
    return (await this.answer(path, init)).json() as Promise<Document>;
  }

  async fetch(path: string, { onProgress, signal }: Carrying = {}): Promise<Blob> {
    const response = await this.answer(path, { method: "GET", signal });
    const total = Number(response.headers.get("Content-Length") ?? 0);
    const reader = response.body?.getReader();
    const chunks: BlobPart[] = [];
    let come = 0;
    for (;;) {
      const { done, value } = (await reader?.read()) ?? { done: true, value: undefined };
      if (done || value === undefined) {
        break;
      }
      chunks.push(value as BlobPart);
      come += value.length;
      onProgress?.(total > 0 ? come / total : 0);
    }
    return new Blob(chunks, { type: response.headers.get("Content-Type") ?? "" });
  }

  async append<Document>(
    upload: string,
    offset: number,
    piece: Blob,
    signal?: AbortSignal
  ): Promise<Document> {
    const headers = { "Content-Type": "application/octet-stream", "Upload-Offset": String(offset) };
    const init = { method: "PATCH", body: piece, headers, signal };
    return (await this.answer(`/uploads/${upload}`, init)).json() as Promise<Document>;
  }

  follow(listener: NewsListener): CleanUp {
    return this.stream.follow(listener);
  }

  /** Rejects with a Refusal where the host refused or nobody answered. */
  private async answer(path: string, init: RequestInit): Promise<Response> {
    let response: Response;
    try {
      response = await this.reach(path, init);
    } catch (error) {
      if (error instanceof DOMException) {
        throw error;
      }
      throw new Refusal("unreachable", labels.api.unreachable);
    }
    if (response.ok) {
      return response;
    }
    let document: unknown = null;
    try {
      document = await response.json();
    } catch {
      // Whoever answered was no host: `refusalOf` says so.
    }
    throw refusalOf(document, labels.api.status(response.status));
  }
}
