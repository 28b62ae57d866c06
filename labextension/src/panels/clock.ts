/** Seconds -> "0:02.3", or "1:02:03.4" from an hour on. Tenths are cut, not rounded, so that no clock runs ahead. */
export function clock(seconds: number): string {
  const tenths = Math.floor(Math.max(0, seconds) * 10 + 1e-6);
  const [hours, minutes, rest] = [
    Math.floor(tenths / 36000),
    Math.floor(tenths / 600) % 60,
    (tenths % 600) / 10
  ];
  const tail = rest.toFixed(1).padStart(4, "0");
  return hours > 0 ? `${hours}:${String(minutes).padStart(2, "0")}:${tail}` : `${minutes}:${tail}`;
}

const STEPS_SECONDS = [0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600];

export interface Tick {
  seconds: number;
  text: string;
}

/** The marks of a time ruler: as dense as `most` allows, at round times, none so near the end that it would be cut. */
export function rulerTicks(duration: number, most: number): Tick[] {
  if (!(duration > 0) || most < 1) {
    return [];
  }
  const step = STEPS_SECONDS.find(candidate => duration / candidate <= most) ?? duration / most;
  const ticks: Tick[] = [];
  for (let i = 0; i === 0 || i * step < duration - step / 2; i++) {
    ticks.push({ seconds: i * step, text: tickText(i * step, step) });
  }
  return ticks;
}

function tickText(seconds: number, step: number): string {
  if (seconds < 60) {
    return `${seconds.toFixed(step < 1 ? 1 : 0)} s`;
  }
  const minutes = Math.floor(seconds / 60);
  return `${minutes}:${(seconds % 60).toFixed(step < 1 ? 1 : 0).padStart(step < 1 ? 4 : 2, "0")}`;
}

/** A span for people: "0.4 s", "12 s", "3 min", "2 h 5 min". */
export function duration(seconds: number): string {
  if (seconds < 9.95) {
    return `${Math.max(0.1, seconds).toFixed(1)} s`;
  }
  if (seconds < 90) {
    return `${Math.round(seconds)} s`;
  }
  const minutes = Math.round(seconds / 60);
  return minutes < 90 ? `${minutes} min` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}
