/** Every word that the panels say, in one place for translation. */

export const labels = {
  player: {
    panel: (title: string) => `Player: ${title}`,
    untitled: "Untitled take",
    play: "Play",
    pause: "Pause",
    position: "Position",
    positionText: (now: string, duration: string, word: string) =>
      word ? `${now} of ${duration}, "${word}"` : `${now} of ${duration}`,
    words: "Words",
    speed: "Speed",
    speedValue: (speed: number) => `${speed}\u00d7`,
    loop: "Loop",
    loopHint: "Loop the take, or drag over the picture to loop a part of it",
    download: (format: string) => `Download ${format}`,
    keys: "Keyboard shortcuts",
    loading: "Loading",
    loadingShare: (percent: number) => `Loading ${percent} %`,
    late: "Still waiting. The kernel may be busy; if it was restarted, run the cell again.",
    pressAgain: "Ready: press play.",
    downloaded: (name: string) => `Saved as ${name}.`,
    noPicture: "No picture of this take.",
    cannotPlay: "This browser cannot play the audio.",
    cannotPlayFix: "Download it instead.",
    broken: "The audio did not arrive whole.",
    brokenFix: "Press play to try again; if that fails, run the cell again.",
    silent: "silent",
    peak: (text: string) => `peak ${text}`,
    rate: (kilohertz: string) => `${kilohertz} kHz`,
    seed: (seed: string) => `seed ${seed}`,
    regionSet: (start: string, end: string) => `Looping ${start} to ${end}`,
    regionCleared: "Playing the whole take",
    loopOn: "Loop on",
    loopOff: "Loop off",
    speedSet: (speed: number) => `Speed ${speed}\u00d7`
  },
  keys: {
    toggle: "play or pause",
    nudge: "half a second back or forth",
    word: "a word back or forth",
    leap: "five seconds forth or back",
    ends: "to the start or the end",
    speed: "faster or slower",
    loop: "loop on or off",
    edges: "loop from here, loop up to here",
    clear: "forget the loop",
    help: "show or hide these keys"
  },
  recipe: {
    summary: "Recipe",
    text: "Text",
    clip: "Clip",
    settings: "Settings",
    defaults: "none",
    seed: "Seed",
    id: "Recipe",
    artifact: "Artifact",
    voice: "Voice",
    licence: "Licence",
    source: "Source",
    unknown: "not stated",
    task: {
      speak: "Speak",
      convert: "Convert",
      phonemes: "Phonemes",
      align: "Align",
      transcribe: "Transcribe",
      separate: "Separate",
      effect: "Effect"
    } as Record<string, string>
  },
  progress: {
    panel: (title: string) => `Progress: ${title}`,
    untitled: "Job",
    cancel: "Cancel",
    bar: "Progress",
    warnings: "Warnings",
    next: "next in line",
    place: (position: number, lane: string) => `place ${position} in ${lane ? `the ${lane} lane` : "line"}`,
    state: {
      queued: "Waiting",
      running: "Working",
      cancelling: "Stopping",
      succeeded: "Done",
      failed: "Failed",
      cancelled: "Cancelled",
      quarantined: "Set aside"
    }
  }
};
