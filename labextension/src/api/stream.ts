/** One server-sent stream of the host's news, taken up again at the last event whenever it breaks off. */

import type { CleanUp, NewsListener } from "./lab_api";
import type { Reach } from "./server_api";
import type { EventView, ProgressView } from "./types";

const SHORTEST_PAUSE_MS = 500;
const LONGEST_PAUSE_MS = 15_000;
/** A stream that is silent for longer than two heartbeats is dead, whatever the socket says. */
const SILENCE_MS = 40_000;

export class Stream {
  private readonly listeners = new Set<NewsListener>();
  private last: string | null = null;
  private connected = false;
  private stop: AbortController | null = null;

  constructor(private readonly reach: Reach) {}

  follow(listener: NewsListener): CleanUp {
    this.listeners.add(listener);
    listener.onConnection(this.connected);
    if (this.stop === null) {
      this.stop = new AbortController();
      void this.run(this.stop.signal);
    }
    return () => {
      this.listeners.delete(listener);
      if (this.listeners.size === 0) {
        this.stop?.abort();
        this.stop = null;
      }
    };
  }

  private async run(signal: AbortSignal): Promise<void> {
    let pause = SHORTEST_PAUSE_MS;
    while (!signal.aborted) {
      try {
        await this.read(signal, () => (pause = SHORTEST_PAUSE_MS));
      } catch {
        // The server or the host is away: said by `tell`, tried again below.
      }
      if (!signal.aborted) {
        this.tell(false);
        await new Promise(done => setTimeout(done, pause * (0.75 + Math.random() / 2)));
        pause = Math.min(2 * pause, LONGEST_PAUSE_MS);
      }
    }
  }

  private async read(signal: AbortSignal, heard: () => void): Promise<void> {
    const giveUp = new AbortController();
    const abort = () => giveUp.abort();
    signal.addEventListener("abort", abort);
    let silence = setTimeout(abort, SILENCE_MS);
    try {
      const headers: Record<string, string> = { Accept: "text/event-stream" };
      if (this.last !== null) {
        headers["Last-Event-ID"] = this.last;
      }
      const response = await this.reach("/events", { method: "GET", headers, signal: giveUp.signal });
      const reader = response.ok ? response.body?.getReader() : undefined;
      if (reader === undefined) {
        return;
      }
      this.tell(true);
      const decoder = new TextDecoder();
      let rest = "";
      for (;;) {
        const { done, value } = await reader.read();
        if (done) {
          return;
        }
        heard();
        clearTimeout(silence);
        silence = setTimeout(abort, SILENCE_MS);
        const blocks = (rest + decoder.decode(value, { stream: true })).split("\n\n");
        rest = blocks.pop() ?? "";
        this.pass(blocks.map(parsed));
      }
    } finally {
      clearTimeout(silence);
      signal.removeEventListener("abort", abort);
    }
  }

  /** One call to the listeners for all that came at once. */
  private pass(messages: Message[]): void {
    const events: EventView[] = [];
    const progress: Record<string, ProgressView> = {};
    for (const { id, event, data } of messages) {
      this.last = id ?? this.last;
      if (event === "hello" && this.last === null) {
        this.last = String((JSON.parse(data) as { last: number }).last);
      } else if (event === "job") {
        events.push(JSON.parse(data) as EventView);
      } else if (event === "progress") {
        const { job, ...tick } = JSON.parse(data) as ProgressView & { job: string };
        progress[job] = tick;
      }
    }
    if (events.length > 0 || Object.keys(progress).length > 0) {
      this.listeners.forEach(listener => listener.onNews({ events, progress }));
    }
  }

  private tell(connected: boolean): void {
    if (this.connected !== connected) {
      this.connected = connected;
      this.listeners.forEach(listener => listener.onConnection(connected));
    }
  }
}

export interface Message {
  id: string | null;
  event: string;
  data: string;
}

/** One block of a server-sent stream. */
export function parsed(block: string): Message {
  const message: Message = { id: null, event: "message", data: "" };
  for (const line of block.split("\n")) {
    const colon = line.indexOf(":");
    const name = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? "" : line.slice(colon + 1).replace(/^ /, "");
    if (name === "id") {
      message.id = value;
    } else if (name === "event") {
      message.event = value;
    } else if (name === "data") {
      message.data += message.data ? `\n${value}` : value;
    }
  }
  return message;
}
