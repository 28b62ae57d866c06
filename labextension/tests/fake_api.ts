/** A host of a few lines: answers by "METHOD path", and tells what was asked. */

import type { CleanUp, LabApi, Method, NewsListener } from "../src/api/lab_api";
import { Refusal } from "../src/api/lab_api";

type Answers = Record<string, unknown | ((body: unknown) => unknown)>;

export class FakeApi implements LabApi {
  readonly asked: [string, unknown][] = [];
  readonly listeners = new Set<NewsListener>();

  constructor(private readonly answers: Answers) {}

  async call<Answer>(method: Method, path: string, body?: unknown): Promise<Answer> {
    this.asked.push([`${method} ${path}`, body]);
    const answer = this.answers[`${method} ${path}`] ?? this.answers[`${method} ${path.split("?")[0]}`];
    if (answer === undefined) {
      throw new Refusal("not_found", `There is no ${method} ${path}.`);
    }
    const given: unknown =
      typeof answer === "function" ? (answer as (body: unknown) => unknown)(body) : answer;
    return structuredClone(given) as Answer;
  }

  async fetch(path: string): Promise<Blob> {
    return new Blob([JSON.stringify(await this.call("GET", path))]);
  }

  async append<Answer>(upload: string, offset: number, piece: Blob): Promise<Answer> {
    return this.call("PUT", `/append/${upload}`, { offset, bytes: piece.size }) as Promise<Answer>;
  }

  follow(listener: NewsListener): CleanUp {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }
}
