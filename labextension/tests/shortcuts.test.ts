import { describe, expect, it } from "vitest";

import { isEnded, waitingLine } from "../src/panels/job_state";
import { belongsTo, commandOf, HELP, staysHere } from "../src/panels/shortcuts";

const press = (
  key: string,
  held: Partial<Record<"shiftKey" | "ctrlKey" | "metaKey" | "altKey", boolean>> = {}
) => ({
  key,
  shiftKey: false,
  ctrlKey: false,
  metaKey: false,
  altKey: false,
  ...held
});

describe("keys", () => {
  it.each([
    [press(" "), "toggle"],
    [press("K", { shiftKey: true }), "toggle"],
    [press("ArrowRight"), "forth"],
    [press("ArrowRight", { shiftKey: true }), "next-word"],
    [press("L"), "loop"],
    [press("?", { shiftKey: true }), "help"],
    [press("["), "region-start"],
    [press("Escape"), "clear"],
    [press("d"), null]
  ])("%j does %s", (given, command) => {
    expect(commandOf(given)).toBe(command);
  });

  it("with Control, Alt or Command belong to JupyterLab and the browser", () => {
    for (const chord of ["ctrlKey", "metaKey", "altKey"] as const) {
      expect(commandOf(press("l", { [chord]: true }))).toBeNull();
      expect(staysHere(press("s", { [chord]: true }))).toBe(false);
    }
    expect(staysHere(press("Tab"))).toBe(false);
    expect(staysHere(press("Enter", { shiftKey: true }))).toBe(false);
  });

  it("that do nothing here still do not reach the notebook, where 'd d' deletes a cell", () => {
    for (const key of ["d", "x", "b", "m", "Enter"]) {
      expect(staysHere(press(key))).toBe(true);
    }
  });

  it("belong to a focused button or list where that answers them itself", () => {
    expect(belongsTo("BUTTON", press(" "))).toBe(true);
    expect(belongsTo("BUTTON", press("k"))).toBe(false);
    expect(belongsTo("SELECT", press("ArrowDown"))).toBe(true);
    expect(belongsTo("DIV", press(" "))).toBe(false);
  });

  it("are all explained in the help", () => {
    expect(HELP.every(([keys, does]) => keys.length > 0 && does.length > 0)).toBe(true);
    const shown = HELP.flatMap(([keys]) => keys);
    for (const key of ["Space", "L", "[", "]", "Esc", "?", "Home", "End", "+"]) {
      expect(shown).toContain(key);
    }
  });
});

describe("a job that waits", () => {
  const waiting = { state: "queued", lane: "batch", position: 3, waiting: "the device is busy" } as const;

  it("says its place in the lane and what admission waits for", () => {
    expect(waitingLine(waiting)).toBe("place 3 in the batch lane \u00b7 the device is busy");
    expect(waitingLine({ ...waiting, position: 1, waiting: "" })).toBe("next in line");
    expect(waitingLine({ ...waiting, position: 0, waiting: "" })).toBe("");
  });

  it("says nothing of that once it runs", () => {
    expect(waitingLine({ ...waiting, state: "running" })).toBe("");
    expect(isEnded("running")).toBe(false);
    expect(isEnded("quarantined")).toBe(true);
  });
});
