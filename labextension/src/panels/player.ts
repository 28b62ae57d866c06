/** The player panel: listen to one take, look at it, and see how it was made. */

import { element, icon, installStyle } from "./dom";
import type { CleanUp, PanelContext } from "./context";
import { labels } from "./labels";
import { TakeFacts } from "./take_facts";
import { Playback, SPEEDS, troubleOf } from "./playback";
import css from "./player.css";
import { recipeLine, recipeView } from "./recipe_view";
import { clock } from "./clock";
import { withEdge, type Region } from "./region";
import { belongsTo, commandOf, staysHere, type Command } from "./shortcuts";
import { StageView } from "./stage_view";
import { TransportView } from "./transport_view";
import type { Picture, PlayerTraits, RecipeCard, Trouble } from "./traits";
import { peakText } from "./waveform";
import { nextWord, previousWord, wordsOf } from "./words";

const NUDGE_SECONDS = 0.5;
const LEAP_SECONDS = 5;

function render({ model, el }: PanelContext<PlayerTraits>): CleanUp {
  installStyle("player", css);
  const title = model.get("title") || labels.player.untitled;
  const picture = filled<Picture>(model.get("picture"));
  const card = filled<RecipeCard>(model.get("recipe"));
  const words = wordsOf(model.get("timings"));
  const status = element("div", { class: "hs-status", role: "status" });
  const trouble = element("div", { class: "hs-trouble", role: "alert", hidden: true });

  const playback = new Playback(model, {
    moved: seconds => showPlace(seconds),
    changed: () => showState(),
    said: text => (status.textContent = text),
    troubled: problem => showTrouble(trouble, problem)
  });
  let drawnSeconds = playback.seconds;
  const say = (text: string) => (status.textContent = text);
  const loopRegion = (region: Region | null) => {
    playback.setRegion(region);
    say(
      region ? labels.player.regionSet(clock(region.start), clock(region.end)) : labels.player.regionCleared
    );
  };
  const setLooping = () => {
    playback.setLooping(!playback.looping);
    say(playback.looping ? labels.player.loopOn : labels.player.loopOff);
  };
  const setSpeed = (speed: number) => {
    playback.speed = speed;
    say(labels.player.speedSet(speed));
  };
  const stage = new StageView(picture, words, () => playback.seconds, {
    seek: seconds => playback.seek(seconds),
    drag: loopRegion
  });
  const facts = new TakeFacts(model);
  const setPitch = async () => {
    try {
      const shown = await facts.togglePitch(() => say(labels.player.pitchLoading));
      stage.showPitch(shown);
      transport.showPitch(shown !== null);
      say(shown ? labels.player.pitchOn(shown.method) : labels.player.pitchOff);
    } catch (error) {
      if (!(error instanceof DOMException)) {
        showTrouble(trouble, troubleOf(error));
      }
    }
  };
  const transport = new TransportView(model.get("formats"), picture !== null, {
    toggle: () => playback.toggle(),
    loop: setLooping,
    pitch: () => void setPitch(),
    speed: setSpeed,
    download: format => void download(format)
  });

  function showPlace(seconds: number): void {
    stage.showPosition(seconds);
    transport.showClock(seconds, playback.seconds);
  }
  function showState(): void {
    transport.showPlaying(playback.playing);
    transport.showLoop(playback.looping);
    transport.showSpeed(playback.speed);
    stage.showRegion(playback.region, playback.looping);
    if (playback.seconds !== drawnSeconds) {
      drawnSeconds = playback.seconds;
      stage.layout();
      showPlace(playback.position);
    }
  }
  async function download(format: string): Promise<void> {
    try {
      const name = fileName(title, model.get("artifact"), format);
      save(await playback.fetch(format), name);
      say(labels.player.downloaded(name));
    } catch (error) {
      if (!(error instanceof DOMException)) {
        showTrouble(trouble, troubleOf(error));
      }
    }
  }

  const faster = (steps: number) => {
    const at = SPEEDS.findIndex(speed => speed >= playback.speed) + steps;
    setSpeed(SPEEDS[Math.max(0, Math.min(at, SPEEDS.length - 1))]);
  };
  const edge = (which: "start" | "end") =>
    loopRegion(withEdge(playback.region, which, playback.position, playback.seconds));
  const commands: Record<Command, () => void> = {
    toggle: () => playback.toggle(),
    back: () => playback.seek(playback.position - NUDGE_SECONDS),
    forth: () => playback.seek(playback.position + NUDGE_SECONDS),
    "leap-back": () => playback.seek(playback.position - LEAP_SECONDS),
    "leap-forth": () => playback.seek(playback.position + LEAP_SECONDS),
    "previous-word": () => playback.seek(previousWord(words, playback.position) ?? 0),
    "next-word": () => playback.seek(nextWord(words, playback.position) ?? playback.seconds),
    "to-start": () => playback.seek(0),
    "to-end": () => playback.seek(playback.seconds),
    faster: () => faster(1),
    slower: () => faster(-1),
    loop: setLooping,
    "region-start": () => edge("start"),
    "region-end": () => edge("end"),
    clear: () => loopRegion(null),
    help: () => transport.toggleHelp()
  };

  const root = element(
    "div",
    { class: "hay-say-player", role: "group", "aria-label": labels.player.panel(title) },
    element(
      "div",
      { class: "hs-head" },
      transport.play,
      element(
        "div",
        { class: "hs-titles" },
        element("div", { class: "hs-title" }, title),
        element("div", { class: "hs-subtitle" }, factsLine(card, picture))
      ),
      transport.downloads
    ),
    trouble,
    stage.el,
    element("div", { class: "hs-foot" }, transport.bar, status),
    transport.help,
    facts.el,
    ...(card ? [recipeView(card)] : [])
  );
  const hearKey = (event: KeyboardEvent) => onKey(event, root, commands);
  const repaint = (event: TransitionEvent) => {
    if (event.target === root && event.propertyName === "background-color") {
      stage.repaint();
    }
  };
  // Lumino listens to keys on the document while they go down the tree: only the window is asked earlier.
  window.addEventListener("keydown", hearKey, true);
  // The style sheet gives the ground a transition of 1 ms: its end tells of a new theme, whoever
  // changed it. JupyterLab hides the page while it changes, which cancels the transition.
  root.addEventListener("transitionend", repaint);
  root.addEventListener("transitioncancel", repaint);
  const showError = () => showTrouble(trouble, model.get("error"));
  model.on("change:error", showError);
  showError();
  showState();
  showPlace(0);
  el.append(root);

  return () => {
    model.off("change:error", showError);
    window.removeEventListener("keydown", hearKey, true);
    facts.dispose();
    stage.dispose();
    playback.dispose();
    root.remove();
  };
}

function onKey(event: KeyboardEvent, root: HTMLElement, commands: Record<Command, () => void>): void {
  const target = event.target;
  if (!(target instanceof Element) || !root.contains(target)) {
    return;
  }
  const command = belongsTo(target.tagName, event) ? null : commandOf(event);
  if (command) {
    event.preventDefault();
    commands[command]();
  }
  if (command || staysHere(event)) {
    event.stopPropagation();
  }
}

/** A dict trait that Python could not fill is empty. */
function filled<Document extends object>(value: Document | Record<string, never>): Document | null {
  return Object.keys(value).length > 0 ? (value as Document) : null;
}

function factsLine(card: RecipeCard | null, picture: Picture | null): string {
  const { rate, peak, silent } = labels.player;
  const facts = picture
    ? [rate(String(picture.sample_rate / 1000)), peak(peakText(picture.peak, silent))]
    : [];
  return [card && recipeLine(card), ...facts].filter(Boolean).join(" \u00b7 ");
}

function showTrouble(box: HTMLElement, problem: Trouble | null): void {
  box.hidden = problem === null;
  box.replaceChildren();
  if (problem) {
    box.append(icon("wrong"), element("span", {}, problem.message, " ", element("b", {}, problem.fix)));
  }
}

/** "hello-from-the-lab-1a2b3c4d.flac" */
function fileName(title: string, artifact: string, format: string): string {
  const slug = title
    .toLowerCase()
    .replace(/[^\p{L}\p{N}]+/gu, "-")
    .replace(/^-|-$/g, "")
    .slice(0, 48);
  return `${[slug, artifact.slice(0, 8)].filter(Boolean).join("-")}.${format}`;
}

function save(blob: Blob, name: string): void {
  const link = element("a", { href: URL.createObjectURL(blob), download: name });
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}

export default { render };
