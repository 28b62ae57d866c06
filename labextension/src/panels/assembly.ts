/** Chunks that arrive in order -> one array of bytes. */

/** Larger exports would not fit a browser's memory beside everything else. */
export const MOST_BYTES = 1 << 30;

export class Assembly {
  private whole: Uint8Array | null = null;
  private filled = 0;

  /** The byte to ask for next. */
  get next(): number {
    return this.filled;
  }

  /** 0..1. */
  get fraction(): number {
    return this.whole === null ? 0 : this.filled / Math.max(1, this.whole.length);
  }

  get complete(): boolean {
    return this.whole !== null && this.filled === this.whole.length;
  }

  /** Throws a RangeError where a chunk is not the one that comes next, changes the total, or is too much. */
  take(from: number, total: number, chunk: Uint8Array): void {
    if (!Number.isInteger(total) || total < 0 || total > MOST_BYTES) {
      throw new RangeError(`An export of ${total} bytes cannot be taken.`);
    }
    this.whole ??= new Uint8Array(total);
    if (this.whole.length !== total) {
      throw new RangeError(`The export changed from ${this.whole.length} to ${total} bytes on its way.`);
    }
    if (from !== this.filled) {
      throw new RangeError(`Byte ${this.filled} was asked for, byte ${from} came.`);
    }
    if (from + chunk.length > total || (chunk.length === 0 && from < total)) {
      throw new RangeError(`${chunk.length} bytes at byte ${from} do not fit ${total} bytes.`);
    }
    this.whole.set(chunk, from);
    this.filled += chunk.length;
  }

  /** All bytes. Throws a RangeError where some are missing. */
  bytes(): Uint8Array {
    if (this.whole === null || !this.complete) {
      throw new RangeError(`Only ${this.filled} bytes have come.`);
    }
    return this.whole;
  }
}
