/** A stretch of a take that is played again and again. */

export interface Region {
  /** Seconds, start < end. */
  start: number;
  end: number;
}

/** Shorter stretches buzz instead of repeating. */
export const SHORTEST_SECONDS = 0.05;

/** The region between two moments in any order, cut to the take; null where it is too short. */
export function regionBetween(one: number, other: number, duration: number): Region | null {
  const start = Math.max(0, Math.min(one, other));
  const end = Math.min(duration, Math.max(one, other));
  return end - start >= SHORTEST_SECONDS ? { start, end } : null;
}

/** Move one edge of a region (or of the whole take) to `seconds`; an edge that overtakes the other pushes it to the take's end. */
export function withEdge(
  region: Region | null,
  edge: "start" | "end",
  seconds: number,
  duration: number
): Region | null {
  const { start, end } = region ?? { start: 0, end: duration };
  return edge === "start"
    ? regionBetween(seconds, seconds < end ? end : duration, duration)
    : regionBetween(seconds > start ? start : 0, seconds, duration);
}

/** Where playing goes on: back to the start once the end is reached, else where it is. */
export function wrapped(seconds: number, region: Region): number {
  return seconds >= region.end ? region.start : seconds;
}
