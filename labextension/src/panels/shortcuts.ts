/** The player's keys: one table for what they do and for the help that lists them. */

import { labels } from "./labels";

export type Command =
  | "toggle"
  | "back"
  | "forth"
  | "leap-back"
  | "leap-forth"
  | "previous-word"
  | "next-word"
  | "to-start"
  | "to-end"
  | "faster"
  | "slower"
  | "loop"
  | "region-start"
  | "region-end"
  | "clear"
  | "help";

interface Key {
  /** As KeyboardEvent.key has it; letters in lower case. */
  key: string;
  shift?: boolean;
  command: Command;
}

const KEYS: readonly Key[] = [
  { key: " ", command: "toggle" },
  { key: "k", command: "toggle" },
  { key: "ArrowLeft", command: "back" },
  { key: "ArrowRight", command: "forth" },
  { key: "ArrowLeft", shift: true, command: "previous-word" },
  { key: "ArrowRight", shift: true, command: "next-word" },
  { key: "Home", command: "to-start" },
  { key: "End", command: "to-end" },
  { key: "ArrowUp", command: "forth" },
  { key: "ArrowDown", command: "back" },
  { key: "PageUp", command: "leap-forth" },
  { key: "PageDown", command: "leap-back" },
  { key: "+", command: "faster" },
  { key: "=", command: "faster" },
  { key: "-", command: "slower" },
  { key: "l", command: "loop" },
  { key: "[", command: "region-start" },
  { key: "]", command: "region-end" },
  { key: "Escape", command: "clear" },
  { key: "?", command: "help" }
];

/** The help's rows: the keys as they are shown, and what they do. */
export const HELP: readonly (readonly [keys: readonly string[], does: string])[] = [
  [["Space", "K"], labels.keys.toggle],
  [["\u2190", "\u2192"], labels.keys.nudge],
  [["Shift \u2190", "Shift \u2192"], labels.keys.word],
  [["Home", "End"], labels.keys.ends],
  [["Page \u2191", "Page \u2193"], labels.keys.leap],
  [["+", "\u2212"], labels.keys.speed],
  [["L"], labels.keys.loop],
  [["[", "]"], labels.keys.edges],
  [["Esc"], labels.keys.clear],
  [["?"], labels.keys.help]
];

type Press = Pick<KeyboardEvent, "key" | "shiftKey" | "ctrlKey" | "metaKey" | "altKey">;

/** The command of a key press, or null. Shift counts for named keys only: "?" needs it on most keyboards. */
export function commandOf(press: Press): Command | null {
  if (press.ctrlKey || press.metaKey || press.altKey) {
    return null;
  }
  const single = press.key.length === 1;
  const name = single ? press.key.toLowerCase() : press.key;
  const found = KEYS.find(key => key.key === name && (single || (key.shift ?? false) === press.shiftKey));
  return found?.command ?? null;
}

/** Whether an element answers this key itself: Space belongs to a focused button, every key to a list. */
export function belongsTo(tagName: string, press: Press): boolean {
  const presses = press.key === " " || press.key === "Enter";
  return tagName === "SELECT" || ((tagName === "BUTTON" || tagName === "SUMMARY") && presses);
}

/** Whether a press that is none of ours must still not reach the notebook (where "d d" deletes a cell). */
export function staysHere(press: Press): boolean {
  const chord = press.ctrlKey || press.metaKey || press.altKey;
  return !chord && press.key !== "Tab" && !(press.key === "Enter" && press.shiftKey);
}
