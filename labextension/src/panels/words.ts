/** Words on the time line: which one sounds now, which comes next, whether all fit side by side. */

import type { Timings } from "./traits";

export interface Word {
  text: string;
  /** Seconds. */
  start: number;
  end: number;
}

export function wordsOf(timings: Timings | null): Word[] {
  if (timings === null || !(timings.sample_rate > 0)) {
    return [];
  }
  return timings.words
    .filter(word => word.text.trim() !== "")
    .map(word => ({
      text: word.text,
      start: word.start / timings.sample_rate,
      end: word.end / timings.sample_rate
    }));
}

/** Index of the last word that starts at or before `seconds`, or -1. */
function lastStarted(words: readonly Word[], seconds: number): number {
  let [low, high] = [0, words.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (words[middle].start <= seconds) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return low - 1;
}

/** A seek may land a hair before the word it aimed at. */
const HAIR_SECONDS = 0.005;

/** Index of the word that sounds at `seconds`; -1 in a pause. */
export function wordAt(words: readonly Word[], seconds: number): number {
  const index = lastStarted(words, seconds + HAIR_SECONDS);
  return index >= 0 && seconds + HAIR_SECONDS < words[index].end ? index : -1;
}

/** Where the next word starts; where there is none, undefined. */
export function nextWord(words: readonly Word[], seconds: number): number | undefined {
  return words[lastStarted(words, seconds + HAIR_SECONDS) + 1]?.start;
}

/** Where this word started, or, within its first `grace` seconds, where the one before it did. */
export function previousWord(words: readonly Word[], seconds: number, grace = 0.3): number | undefined {
  const index = lastStarted(words, seconds + HAIR_SECONDS);
  if (index < 0) {
    return undefined;
  }
  return seconds - words[index].start < grace ? words[Math.max(0, index - 1)].start : words[index].start;
}

/** Whether at least four of five words can be read whole in a lane of `width` pixels; `measure` gives a text's pixels. */
export function fitInLane(
  words: readonly Word[],
  duration: number,
  width: number,
  measure: (text: string) => number
): boolean {
  if (words.length === 0 || !(duration > 0)) {
    return false;
  }
  const readable = words.filter(word => measure(word.text) <= ((word.end - word.start) / duration) * width);
  return readable.length >= 0.8 * words.length;
}
