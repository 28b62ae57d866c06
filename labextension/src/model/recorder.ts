/** Records from the microphone into a WAV. */

import { mono, wavOf } from "./wav";

export class Recorder {
  private recorder: MediaRecorder | null = null;
  private chunks: Blob[] = [];

  /** Whether this page may ask for a microphone at all. */
  static get possible(): boolean {
    return typeof MediaRecorder !== "undefined" && navigator.mediaDevices !== undefined;
  }

  get recording(): boolean {
    return this.recorder !== null;
  }

  /** Rejects with the browser's DOMException where there is no microphone or no leave to use it. */
  async start(): Promise<void> {
    // The browser's own clean-up is for calls: it eats what a voice conversion needs.
    const audio = { echoCancellation: false, noiseSuppression: false, autoGainControl: false };
    const stream = await navigator.mediaDevices.getUserMedia({ audio });
    this.chunks = [];
    this.recorder = new MediaRecorder(stream);
    this.recorder.addEventListener("dataavailable", event => this.chunks.push(event.data));
    this.recorder.start();
  }

  /** What was recorded since `start`. Rejects where the browser cannot read what it recorded itself. */
  async stop(): Promise<Blob> {
    const { recorder } = this;
    if (recorder === null) {
      throw new RangeError("Nothing is being recorded.");
    }
    this.recorder = null;
    await new Promise<void>(done => {
      recorder.addEventListener("stop", () => done(), { once: true });
      recorder.stop();
    });
    recorder.stream.getTracks().forEach(track => track.stop());
    const context = new AudioContext();
    try {
      const sound = await context.decodeAudioData(await new Blob(this.chunks).arrayBuffer());
      const channels = Array.from({ length: sound.numberOfChannels }, (_, index) =>
        sound.getChannelData(index)
      );
      return wavOf(mono(channels), sound.sampleRate);
    } finally {
      await context.close();
    }
  }

  dispose(): void {
    this.recorder?.stream.getTracks().forEach(track => track.stop());
    this.recorder = null;
  }
}
