/** Compare: takes side by side, switched without a gap, as loud as each other, blind where one wants to be fair. */

import { Refusal, type CleanUp, type LabApi } from "../api/lab_api";
import type { JobView } from "../api/types";
import { BlindTest, type BlindKind, type Trial } from "../model/blind";
import { cellsOf, pictureOf, type Cell } from "../model/comparison";
import { Mixer } from "../model/mixer";
import { titleOf } from "./api_take";
import { BlindView } from "./blind_view";
import { clock } from "./clock";
import { CompareGrid } from "./compare_grid";
import { CompareSounds } from "./compare_sounds";
import css from "./compare.css";
import { element, icon, installStyle } from "./dom";
import { labels } from "./labels";
import { StageView } from "./stage_view";
import type { Picture } from "./traits";

const KINDS: BlindKind[] = ["ab", "abx", "mushra"];

export interface CompareOptions {
  favourites: string[];
  onFavourites(jobs: string[]): void;
  onTrial(trial: Trial): void;
}

export function compareView(
  el: HTMLElement,
  api: LabApi,
  jobs: readonly JobView[],
  options: CompareOptions
): CleanUp {
  installStyle("compare", css);
  let favourites = [...options.favourites];
  let chosen = jobs.slice(0, 2).map(job => job.id);
  let heard: Cell | null = null;
  let stage: StageView | null = null;
  const loading = new Set<string>();
  const pictures = new Map<string, Promise<Picture>>();
  const jobOf = new Map(jobs.map(job => [job.id, job]));

  const play = element("button", { type: "button", class: "hs-play", "aria-label": labels.player.play });
  const time = element("span", { class: "hs-clock" });
  const loop = element(
    "button",
    { type: "button", class: "hs-chip", "aria-pressed": "false" },
    icon("loop"),
    labels.player.loop
  );
  const match = element(
    "button",
    { type: "button", class: "hs-chip", "aria-pressed": "true", title: labels.compare.matchHint },
    labels.compare.match
  );
  const save = element("button", { type: "button", class: "hs-chip" }, icon("download"), "FLAC");
  const status = element("div", { class: "hs-soft", role: "status" });
  const pictureBox = element("div", { class: "hs-picture" });
  const blindBar = element("div", { class: "hs-actions", role: "group", "aria-label": labels.blind.name });

  const mixer = new Mixer({
    moved: seconds => showPlace(seconds),
    changed: () => showState()
  });
  const sounds = new CompareSounds(api, mixer);
  const grid = new CompareGrid({
    hear: cell => void hear(cell),
    favour: job => {
      favourites = toggled(favourites, job.id);
      options.onFavourites(favourites);
      showState();
    },
    choose: job => {
      chosen = toggled(chosen, job.id);
      showState();
    }
  });
  const blind = new BlindView(key => titleOfKey(key), {
    hear: key => void hearBlind(key),
    answered: trial => options.onTrial(trial),
    ended: () => {
      mixer.pause();
      showState();
    }
  });

  const titleOfKey = (key: string) => {
    const job = jobOf.get(key.split("/")[0]);
    return job ? `${titleOf(job)} (${job.voices.join(" \u2192 ")})` : key;
  };
  const need = async (cell: Cell): Promise<boolean> => {
    loading.add(cell.key);
    showState();
    try {
      await sounds.need(cell);
      return true;
    } catch (error) {
      status.textContent =
        error instanceof Refusal ? `${error.message} ${error.fix}` : labels.player.cannotPlay;
      return false;
    } finally {
      loading.delete(cell.key);
      showState();
    }
  };
  const hear = async (cell: Cell) => {
    heard = cell;
    if ((await need(cell)) && heard === cell) {
      mixer.hear(cell.key);
      void showPicture(cell);
      preload(cell);
    }
  };
  /** The neighbours come meanwhile, so that the next switch has nothing to wait for. */
  const preload = (cell: Cell) => {
    const all = grid.all;
    const at = all.findIndex(one => one.key === cell.key);
    all.slice(Math.max(0, at - 2), at + 6).forEach(one => void sounds.need(one).catch(() => undefined));
  };
  const hearBlind = async (key: string) => {
    const job = jobOf.get(key.split("/")[0]);
    const cell = job && cellsOf(job).finished;
    if (cell && (await need(cell))) {
      mixer.hear(cell.key);
      if (!mixer.playing) {
        await mixer.play();
      }
    }
  };
  const showPicture = async (cell: Cell) => {
    const coming = pictures.get(cell.key) ?? pictureOf(api, cell);
    pictures.set(cell.key, coming);
    try {
      const picture = await coming;
      if (heard === cell && !blind.running) {
        stage?.dispose();
        stage = new StageView(picture, [], () => mixer.seconds, {
          seek: seconds => mixer.seek(seconds),
          drag: () => undefined
        });
        pictureBox.replaceChildren(stage.el);
        stage.layout();
        showPlace(mixer.position);
      }
    } catch {
      pictures.delete(cell.key);
      pictureBox.textContent = labels.player.noPicture;
    }
  };
  const showPlace = (seconds: number) => {
    time.textContent = `${clock(seconds)} / ${clock(mixer.seconds)}`;
    stage?.showPosition(seconds);
  };
  const showState = () => {
    play.replaceChildren(icon(mixer.playing ? "pause" : "play"));
    play.setAttribute("aria-label", mixer.playing ? labels.player.pause : labels.player.play);
    loop.setAttribute("aria-pressed", String(mixer.looping));
    match.setAttribute("aria-pressed", String(sounds.isMatching));
    grid.el.hidden = blind.running;
    pictureBox.hidden = blind.running;
    save.hidden = blind.running || heard === null;
    blindBar.hidden = blind.running;
    grid.update({ heard: heard?.key ?? "", loading, favourites, chosen, level: key => sounds.levelOf(key) });
    kinds.forEach((button, at) => {
      const fits = BlindTest.fits(KINDS[at], chosen.length);
      button.title = fits ? "" : labels.blind.needs[KINDS[at]];
      button.setAttribute("aria-disabled", String(!fits));
    });
    showPlace(mixer.position);
  };
  const kinds = KINDS.map(kind => {
    const button = element("button", { type: "button", class: "hs-chip" }, labels.blind.kind[kind]);
    button.addEventListener("click", () => {
      if (!BlindTest.fits(kind, chosen.length)) {
        status.textContent = labels.blind.needs[kind];
        return;
      }
      mixer.pause();
      blind.start(
        kind,
        chosen.map(id => `${id}/finished`)
      );
      showState();
    });
    return button;
  });
  blindBar.append(element("span", {}, labels.blind.name), ...kinds);
  const toggle = async () => {
    if (mixer.playing) {
      mixer.pause();
      return;
    }
    const first = heard ?? grid.all.find(cell => cell.stage === "finished") ?? null;
    if (first && !blind.running) {
      await hear(first);
    }
    await mixer.play();
  };
  play.addEventListener("click", () => void toggle());
  loop.addEventListener("click", () => mixer.setLooping(!mixer.looping));
  match.addEventListener("click", () => {
    sounds.isMatching = !sounds.isMatching;
    showState();
  });
  save.addEventListener("click", () => void download(api, heard, status));

  const root = element(
    "div",
    { class: "hay-say-panel hay-say-compare", role: "group", "aria-label": labels.compare.panel },
    ...(jobs.length === 0 ? [element("p", { class: "hs-empty" }, labels.compare.none)] : []),
    element(
      "div",
      { class: "hs-actions hs-compare-bar", hidden: jobs.length === 0 },
      play,
      time,
      loop,
      match,
      save,
      status
    ),
    grid.el,
    pictureBox,
    blindBar,
    blind.el
  );
  el.append(root);
  grid.show(jobs);
  showState();
  return () => {
    stage?.dispose();
    mixer.dispose();
    root.remove();
  };
}

function toggled(list: readonly string[], name: string): string[] {
  return list.includes(name) ? list.filter(one => one !== name) : [...list, name];
}

async function download(api: LabApi, cell: Cell | null, status: HTMLElement): Promise<void> {
  if (cell === null) {
    return;
  }
  try {
    const blob = await api.fetch(`/artifacts/${cell.sha256}/export?format=flac`);
    const name = `${cell.stage}-${cell.sha256.slice(0, 8)}.flac`;
    const link = element("a", { href: URL.createObjectURL(blob), download: name });
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
    status.textContent = labels.player.downloaded(name);
  } catch (error) {
    status.textContent = error instanceof Refusal ? `${error.message} ${error.fix}` : labels.player.broken;
  }
}
