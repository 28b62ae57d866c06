/** Seeds that a browser draws: whole numbers that JSON and people carry exactly. */

export const LARGEST_SEED = 2 ** 32 - 1;

export function drawSeed(): number {
  return crypto.getRandomValues(new Uint32Array(1))[0];
}
