/** Where a recording comes from: dropped, picked, recorded; sent at once, and described by what was measured of it. */

import { Refusal, type LabApi } from "../api/lab_api";
import type { ClipView, ReportView } from "../api/types";
import { sendClip } from "../api/uploads";
import { Recorder } from "../model/recorder";
import { clock } from "./clock";
import { element, icon } from "./dom";
import { uniqueId } from "./field";
import { labels } from "./labels";
import type { InputReport } from "./traits";

export class ClipPicker {
  readonly el: HTMLElement;
  readonly button: HTMLButtonElement;
  private readonly file = element("input", { type: "file", accept: "audio/*,video/*", class: "hs-file" });
  private readonly told = element("div", { class: "hs-clip-told", role: "status" });
  private readonly record = element("button", { type: "button", class: "hs-chip" });
  private readonly remove = element("button", { type: "button", class: "hs-chip" }, labels.clip.remove);
  private readonly recorder = new Recorder();
  private sending: AbortController | null = null;
  private clip: ClipView | null = null;

  constructor(
    private readonly api: LabApi,
    private readonly onChange: (clip: ClipView | null) => void
  ) {
    const id = uniqueId("clip");
    this.button = element("button", { type: "button", class: "hs-chip", id }, labels.clip.choose);
    this.button.dataset.field = "clip";
    this.record.textContent = labels.clip.record;
    this.record.hidden = !Recorder.possible;
    this.remove.hidden = true;
    this.el = element(
      "div",
      { class: "hs-clip", role: "group", "aria-label": labels.clip.name },
      element(
        "div",
        { class: "hs-clip-row" },
        icon("clip"),
        element("span", {}, labels.clip.drop),
        this.button,
        this.record,
        this.remove
      ),
      this.told,
      this.file
    );
    this.file.hidden = true;
    this.button.addEventListener("click", () => this.file.click());
    this.file.addEventListener("change", () => {
      const [file] = this.file.files ?? [];
      if (file) {
        void this.send(file, file.name);
      }
      this.file.value = "";
    });
    this.record.addEventListener("click", () => void this.toggleRecording());
    this.remove.addEventListener("click", () => this.show(null));
    this.el.addEventListener("dragover", event => {
      event.preventDefault();
      this.el.classList.add("hs-over");
    });
    this.el.addEventListener("dragleave", () => this.el.classList.remove("hs-over"));
    this.el.addEventListener("drop", event => this.dropped(event));
  }

  /** A clip that the host holds already, or none. */
  show(clip: ClipView | null): void {
    this.sending?.abort();
    this.clip = clip;
    this.remove.hidden = clip === null;
    this.told.textContent = clip ? clipLine(clip) : "";
    this.onChange(clip);
    if (clip) {
      void this.describe(clip);
    }
  }

  mark(message: string): void {
    this.el.classList.toggle("hs-wrong", message !== "");
  }

  dispose(): void {
    this.sending?.abort();
    this.recorder.dispose();
  }

  /** Sends a file and takes the clip that comes of it. */
  async send(file: Blob, label: string): Promise<void> {
    this.sending?.abort();
    const sending = (this.sending = new AbortController());
    try {
      const clip = await sendClip(this.api, file, label, {
        onProgress: share => (this.told.textContent = labels.clip.sending(label, Math.floor(100 * share))),
        signal: sending.signal
      });
      this.show(clip);
    } catch (error) {
      if (!sending.signal.aborted) {
        this.told.textContent =
          error instanceof Refusal ? `${error.message} ${error.fix}` : labels.clip.broken;
      }
    }
  }

  private dropped(event: DragEvent): void {
    this.el.classList.remove("hs-over");
    const file = event.dataTransfer?.files[0];
    if (file) {
      // JupyterLab would open the file, too.
      event.preventDefault();
      event.stopPropagation();
      void this.send(file, file.name);
    }
  }

  private async toggleRecording(): Promise<void> {
    try {
      if (this.recorder.recording) {
        this.record.textContent = labels.clip.record;
        const name = labels.clip.recorded(new Date().toLocaleTimeString());
        await this.send(await this.recorder.stop(), `${name}.wav`);
      } else {
        await this.recorder.start();
        this.record.textContent = labels.clip.stop;
        this.told.textContent = labels.clip.recording;
      }
    } catch {
      this.record.textContent = labels.clip.record;
      this.told.textContent = labels.clip.noMicrophone;
    }
  }

  /** The input report, when it has been made. */
  private async describe(clip: ClipView): Promise<void> {
    try {
      let answer: ReportView;
      do {
        answer = await this.api.call<ReportView>("GET", `/clips/${clip.sha256}/report`);
      } while (!answer.ready && this.clip === clip);
      if (this.clip === clip && answer.report) {
        this.told.textContent = `${clipLine(clip)} \u00b7 ${reportLine(answer.report as unknown as InputReport)}`;
      }
    } catch {
      // The report is beside the clip: without it the line is shorter.
    }
  }
}

export function clipLine(clip: ClipView): string {
  const name = clip.label || `${clip.sha256.slice(0, 8)}`;
  const { channels, rate } = labels.clip;
  return [name, clock(clip.seconds), rate(clip.sample_rate / 1000), channels(clip.channels)].join(" \u00b7 ");
}

export function reportLine(report: InputReport): string {
  const { loudness, noise, speech, clipped } = labels.facts;
  const parts = [
    report.lufs === null ? labels.facts.silent : loudness(report.lufs.toFixed(1)),
    report.noise_floor_db === null ? "" : noise(report.noise_floor_db.toFixed(0)),
    speech(String(Math.round(100 * report.speech_share))),
    report.clipped_samples > 0 ? clipped(report.clipped_samples) : ""
  ];
  return parts.filter(Boolean).join(" \u00b7 ");
}
