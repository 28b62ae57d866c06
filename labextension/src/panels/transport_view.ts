/** The player's controls: play, clock, speed, loop, help, downloads. */

import { clock } from "./clock";
import { element, icon, type Icon } from "./dom";
import { labels } from "./labels";
import { SPEEDS } from "./playback";
import { HELP } from "./shortcuts";

export interface TransportEvents {
  toggle(): void;
  loop(): void;
  pitch(): void;
  speed(speed: number): void;
  download(format: string): void;
}

let nextHelp = 0;

export class TransportView {
  readonly play = this.button("hs-play", labels.player.play, "play", () => this.events.toggle());
  readonly bar: HTMLElement;
  readonly downloads: HTMLElement;
  readonly help: HTMLElement;
  private readonly now = element("span", { class: "hs-now" }, clock(0));
  private readonly whole = element("span", { class: "hs-whole" });
  private readonly speed = element("select", { class: "hs-speed", "aria-label": labels.player.speed });
  private readonly loop = this.button("hs-chip", labels.player.loop, "loop", () => this.events.loop());
  private readonly pitch = this.button("hs-chip", labels.player.pitch, "pitch", () => this.events.pitch());
  private readonly helpButton: HTMLButtonElement;

  constructor(
    formats: readonly string[],
    hasPicture: boolean,
    private readonly events: TransportEvents
  ) {
    this.loop.append(labels.player.loop);
    this.loop.title = labels.player.loopHint;
    this.pitch.append(labels.player.pitch);
    this.pitch.title = labels.player.pitchHint;
    this.pitch.hidden = !hasPicture;
    this.showPitch(false);
    this.speed.append(
      ...SPEEDS.map(speed => element("option", { value: String(speed) }, labels.player.speedValue(speed)))
    );
    this.speed.addEventListener("change", () => this.events.speed(Number(this.speed.value)));
    const id = `hay-say-keys-${nextHelp++}`;
    this.help = helpView(id);
    this.helpButton = this.button("hs-chip hs-chip-bare", labels.player.keys, "keys", () =>
      this.toggleHelp()
    );
    this.helpButton.setAttribute("aria-controls", id);
    this.helpButton.setAttribute("aria-expanded", "false");
    this.bar = element(
      "div",
      { class: "hs-bar" },
      element("div", { class: "hs-clock" }, this.now, this.whole),
      element("label", { class: "hs-speed-box" }, labels.player.speed, this.speed),
      this.loop,
      this.pitch,
      this.helpButton
    );
    this.downloads = element(
      "div",
      { class: "hs-downloads" },
      ...formats.map(name => this.downloadButton(name))
    );
    this.showPlaying(false);
  }

  showPlaying(playing: boolean): void {
    const label = playing ? labels.player.pause : labels.player.play;
    this.play.setAttribute("aria-label", label);
    this.play.title = label;
    this.play.replaceChildren(icon(playing ? "pause" : "play"));
  }

  showClock(seconds: number, duration: number): void {
    this.now.textContent = clock(seconds);
    this.whole.textContent = ` / ${clock(duration)}`;
  }

  showSpeed(speed: number): void {
    this.speed.value = String(speed);
  }

  showLoop(looping: boolean): void {
    this.loop.setAttribute("aria-pressed", String(looping));
  }

  showPitch(shown: boolean): void {
    this.pitch.setAttribute("aria-pressed", String(shown));
  }

  toggleHelp(): void {
    this.help.hidden = !this.help.hidden;
    this.helpButton.setAttribute("aria-expanded", String(!this.help.hidden));
  }

  private downloadButton(format: string): HTMLButtonElement {
    const name = format.toUpperCase();
    const made = this.button("hs-chip", labels.player.download(name), "download", () =>
      this.events.download(format)
    );
    made.append(name);
    return made;
  }

  private button(style: string, label: string, shape: Icon, press: () => void): HTMLButtonElement {
    const made = element(
      "button",
      { type: "button", class: style, "aria-label": label, title: label },
      icon(shape)
    );
    made.addEventListener("click", press);
    return made;
  }
}

function helpView(id: string): HTMLElement {
  const rows = HELP.flatMap(([keys, does]) => [
    element("dt", {}, ...keys.map(key => element("kbd", {}, key))),
    element("dd", {}, does)
  ]);
  return element("dl", { id, class: "hs-help", hidden: true, "aria-label": labels.player.keys }, ...rows);
}
