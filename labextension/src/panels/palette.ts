/** Colour ramps for spectrograms: 256 colours from quiet (the panel's ground) to loud. */

type Stop = readonly [at: number, red: number, green: number, blue: number];

/** Rises evenly in lightness from near black through violet and coral to pale yellow. */
const ON_DARK: readonly Stop[] = [
  [0.0, 18, 18, 24],
  [0.2, 38, 24, 84],
  [0.42, 112, 31, 129],
  [0.62, 205, 64, 105],
  [0.8, 248, 137, 84],
  [1.0, 253, 236, 168]
];

/** Falls evenly in lightness from near white through sky blue and violet to ink. */
const ON_LIGHT: readonly Stop[] = [
  [0.0, 248, 250, 253],
  [0.2, 213, 228, 246],
  [0.42, 133, 180, 228],
  [0.62, 76, 112, 200],
  [0.8, 70, 47, 150],
  [1.0, 28, 12, 66]
];

/** uint8[256 * 3]: red, green, blue of each level. */
export function ramp(ground: "dark" | "light"): Uint8Array {
  const stops = ground === "dark" ? ON_DARK : ON_LIGHT;
  const colours = new Uint8Array(256 * 3);
  for (let level = 0; level < 256; level++) {
    const at = level / 255;
    const upper = Math.max(
      1,
      stops.findIndex(stop => stop[0] >= at)
    );
    const [from, to] = [stops[upper - 1], stops[upper]];
    const share = (at - from[0]) / (to[0] - from[0]);
    for (let channel = 1; channel <= 3; channel++) {
      colours[level * 3 + channel - 1] = Math.round(from[channel] + share * (to[channel] - from[channel]));
    }
  }
  return colours;
}

/** Which ramp suits a ground, from its computed CSS colour ("rgb(...)" or "rgba(...)"). */
export function groundOf(cssColour: string): "dark" | "light" {
  const [red, green, blue] = (cssColour.match(/[\d.]+/g) ?? ["255", "255", "255"]).map(Number);
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue < 128 ? "dark" : "light";
}
