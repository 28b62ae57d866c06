/** The part of JSON Patch (RFC 6902) that fixes use: add, remove, replace. */

import type { PatchStep } from "../api/lab_api";

/** A patched copy. Throws a RangeError for a place that is not there. */
export function patched<Document>(document: Document, steps: readonly PatchStep[]): Document {
  const whole = { root: structuredClone(document) as unknown };
  for (const { op, path, value } of steps) {
    const names = ["root", ...path.split("/").slice(1).map(unescaped)];
    const last = names.pop() ?? "root";
    const place = names.reduce<unknown>((inside, name) => step(inside, name, path), whole);
    change(place, last, op, structuredClone(value), path);
  }
  return whole.root as Document;
}

function change(place: unknown, name: string, op: PatchStep["op"], value: unknown, path: string): void {
  if (Array.isArray(place)) {
    const at = name === "-" ? place.length : Number(name);
    if (!Number.isInteger(at) || at < 0 || at > place.length || (op !== "add" && at === place.length)) {
      throw new RangeError(`There is no ${path}.`);
    }
    const gone = op === "add" ? 0 : 1;
    place.splice(at, gone, ...(op === "remove" ? [] : [value]));
  } else if (typeof place === "object" && place !== null) {
    if (op === "remove") {
      Reflect.deleteProperty(place, name);
    } else {
      Reflect.set(place, name, value);
    }
  } else {
    throw new RangeError(`There is no ${path}.`);
  }
}

function step(inside: unknown, name: string, path: string): unknown {
  if (typeof inside !== "object" || inside === null || !(name in inside)) {
    throw new RangeError(`There is no ${path}.`);
  }
  return (inside as Record<string, unknown>)[name];
}

function unescaped(name: string): string {
  return name.replace(/~1/g, "/").replace(/~0/g, "~");
}
