/** What a microphone gave, as a WAV file: every decoder takes it, whatever the browser recorded in. */

const HEADER_BYTES = 44;

/** Mono samples (-1..1) -> a WAV with 16-bit PCM. */
export function wavOf(samples: Float32Array, sampleRate: number): Blob {
  const bytes = new DataView(new ArrayBuffer(HEADER_BYTES + 2 * samples.length));
  const text = (at: number, letters: string) =>
    [...letters].forEach((letter, index) => bytes.setUint8(at + index, letter.charCodeAt(0)));
  text(0, "RIFF");
  bytes.setUint32(4, bytes.byteLength - 8, true);
  text(8, "WAVEfmt ");
  bytes.setUint32(16, 16, true);
  bytes.setUint16(20, 1, true); // PCM
  bytes.setUint16(22, 1, true); // one channel
  bytes.setUint32(24, sampleRate, true);
  bytes.setUint32(28, 2 * sampleRate, true);
  bytes.setUint16(32, 2, true);
  bytes.setUint16(34, 16, true);
  text(36, "data");
  bytes.setUint32(40, 2 * samples.length, true);
  samples.forEach((sample, index) =>
    bytes.setInt16(HEADER_BYTES + 2 * index, Math.round(Math.max(-1, Math.min(1, sample)) * 32767), true)
  );
  return new Blob([bytes.buffer], { type: "audio/wav" });
}

/** Many channels -> their mean. */
export function mono(channels: readonly Float32Array[]): Float32Array {
  if (channels.length === 1) {
    return channels[0];
  }
  const mixed = new Float32Array(channels[0]?.length ?? 0);
  channels.forEach(channel => channel.forEach((sample, index) => (mixed[index] += sample / channels.length)));
  return mixed;
}
