/** Sends a file piece by piece; one that was sent before, or half of it, is not sent again. */

import type { Carrying, LabApi } from "./lab_api";
import type { ClipView, UploadView } from "./types";

/** A comm message carries this well; larger pieces save little. */
export const PIECE_BYTES = 1 << 20;
/** Larger files are named by the host: a browser would need them in memory as a whole to hash them. */
export const MOST_HASHED_BYTES = 256 << 20;

/** The clip that the host made of it. Rejects as `LabApi.call`. */
export async function sendClip(
  api: LabApi,
  file: Blob,
  label: string,
  { onProgress, signal }: Carrying = {}
): Promise<ClipView> {
  const order = { bytes: file.size, label, sha256: await hashOf(file) };
  let standing = await api.call<UploadView>("POST", "/uploads", order, signal);
  while (!standing.complete || standing.clip === null) {
    onProgress?.(standing.offset / Math.max(1, file.size));
    const piece = file.slice(standing.offset, standing.offset + PIECE_BYTES);
    standing = await api.append<UploadView>(standing.id ?? "", standing.offset, piece, signal);
  }
  onProgress?.(1);
  return standing.clip;
}

/** null where this page may not hash (no secure context) or the file is too large for it. */
async function hashOf(file: Blob): Promise<string | null> {
  if (file.size > MOST_HASHED_BYTES || globalThis.crypto?.subtle === undefined) {
    return null;
  }
  const digest = await crypto.subtle.digest("SHA-256", await file.arrayBuffer());
  return Array.from(new Uint8Array(digest), byte => byte.toString(16).padStart(2, "0")).join("");
}
