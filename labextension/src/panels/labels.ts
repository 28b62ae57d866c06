/** Every word that the panels say, in one place for translation. */

export const labels = {
  api: {
    broken: "The kernel could not do this.",
    unreachable: "The server does not answer.",
    status: (status: number) => `Something that is not Hay Say Lab answered with status ${status}.`
  },
  form: {
    advanced: "More settings",
    leave: "as it is",
    reset: "Back to the default",
    resetOf: (name: string) => `${name}: back to the default`
  },
  picker: {
    any: "Find a voice",
    none: "No voice has these words.",
    more: (count: number) => `${count} more: type to narrow it`
  },
  clip: {
    name: "Recording",
    drop: "Drop a recording here, or",
    choose: "Choose a file",
    record: "Record",
    stop: "Stop recording",
    remove: "Remove",
    recording: "Recording from the microphone.",
    recorded: (time: string) => `Recording ${time}`,
    noMicrophone: "The browser gives no microphone: allow it for this page, or choose a file.",
    sending: (name: string, percent: number) => `Sending ${name}: ${percent} %`,
    broken: "The recording did not arrive. Choose it again: what arrived is not sent twice.",
    rate: (kilohertz: number) => `${kilohertz} kHz`,
    channels: (count: number) => (count === 1 ? "mono" : count === 2 ? "stereo" : `${count} channels`)
  },
  generate: {
    panel: "Generate",
    ways: "What to do",
    way: { speak: "Speak a text", convert: "Convert a recording", chain: "Speak, then convert" },
    text: "Text",
    placeholder: "What should be said?",
    voice: { speak: "Voice", convert: "New voice" },
    prepare: "Prepare",
    finish: "Finish",
    effects: "Effects",
    noEffects: "none",
    ownEffects: "your own chain",
    changed: (count: number) => (count === 1 ? "1 changed" : `${count} changed`),
    button: "Generate",
    busy: "Asking the host",
    about: (time: string, megabytes: string) => `About ${time}, ${megabytes} MB of memory`,
    declared: "(first guess)"
  },
  seed: {
    name: "Seed",
    lock: "Lock",
    locked: "Locked",
    lockHint: "A locked seed gives the same take again; else each take gets a new one",
    reroll: "Draw",
    rerollHint: "Draw another seed"
  },
  jobs: {
    stage: (task: string, number: number, count: number) => `${task} (${number} of ${count})`
  },
  queue: {
    panel: "Queue",
    jobs: "Jobs",
    find: "Find jobs",
    filter: { all: "All", open: "Open", done: "Done", trouble: "Trouble" },
    filters: "Which jobs",
    none: "No jobs yet. What you generate, convert or batch appears here.",
    noneSuch: "No job is like that.",
    lost: "The connection to the host is lost; what you see may be old. It is tried again by itself.",
    lanes: "Lanes",
    lane: (name: string) => `${name} lane`,
    place: (position: number) => (position === 1 ? "next in line" : `place ${position}`),
    starts: (time: string) => `starts in about ${time}`,
    waiting: (count: number) => (count === 0 ? "nobody waits" : count === 1 ? "1 waits" : `${count} wait`),
    pause: "Pause",
    resume: "Resume",
    pauseOf: (lane: string, paused: boolean) => `${paused ? "Resume" : "Pause"} the ${lane} lane`,
    pausedBy: (who: string) => (who ? `paused by ${who}` : "paused"),
    pinned: "kept",
    action: {
      cancel: "Cancel",
      retry: "Try again",
      release: "Release",
      pin: "Keep",
      unpin: "Let go",
      eject: "Eject"
    },
    actionOf: (action: string, name: string) => `${action}: ${name}`,
    memoryOf: "In memory",
    workers: "Warm models",
    nothingWarm: "No model is in memory. The first request for a voice loads it; later ones find it warm.",
    busy: "at work",
    idle: (time: string) => `idle for ${time}`,
    memory: (used: string, budget: string) => `${used} of ${budget}`,
    storage: "Storage",
    plan: "What would a prune remove?",
    prune: "Prune now",
    wouldFree: (size: string) => `A prune would free ${size}.`,
    freed: (size: string) => `Freed ${size}.`
  },
  compare: {
    panel: "Compare",
    grid: "Takes by stage",
    take: "Take",
    blindColumn: "Blind",
    stage: { source: "Source", prepared: "Prepared", generated: "Generated", finished: "Finished" },
    noStage: "no such stage",
    none: "Nothing to compare yet: give takes, as lab.panels.compare(take, other).",
    hear: (stage: string, title: string) => `Hear ${stage.toLowerCase()}: ${title}`,
    favourite: (title: string) => `Favourite: ${title}`,
    choose: (title: string) => `In the blind test: ${title}`,
    match: "Same loudness",
    matchHint: "Turn every take down to the loudness of the quietest one",
    level: (decibels: string) => `${decibels.replace("-", "\u2212")} dB`
  },
  blind: {
    name: "Blind test",
    kind: { ab: "A/B", abx: "ABX", mushra: "Score" },
    needs: {
      ab: "A/B compares two takes: tick two of them.",
      abx: "ABX compares two takes: tick two of them.",
      mushra: "Scoring takes two to twelve takes: tick them."
    },
    question: {
      ab: "Which one is better?",
      abx: "Is X the same as A, or as B?",
      mushra: "How good is each of them?"
    },
    choice: {
      ab: (letter: string) => `${letter} is better`,
      abx: (letter: string) => `X is ${letter}`,
      mushra: (letter: string) => letter
    },
    scale: "0 is bad, 20 poor, 40 fair, 60 good, 80 to 100 excellent.",
    hear: (letter: string) => `Hear ${letter}`,
    rate: "Next",
    end: "End and reveal",
    result: "What the answers say",
    count: (trials: number) => (trials === 1 ? "1 answer" : `${trials} answers`),
    nothing: "No answer was given.",
    abx: (hits: number, trials: number, p: string) =>
      `${hits} of ${trials} right. By guessing one would be right at least so often with a probability of ${p}.`,
    preferred: (title: string, count: number, trials: number) =>
      `${title}: preferred ${count} of ${trials} times.`,
    mean: (title: string, mean: string, trials: number) => `${title}: ${mean} on average of ${trials}.`
  },
  problems: {
    count: (count: number) =>
      count === 1 ? "One thing stands in the way:" : `${count} things stand in the way:`
  },
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
    pitch: "Pitch",
    pitchHint: "Show the pitch over the spectrogram",
    pitchLoading: "Finding the pitch",
    pitchOn: (method: string) => `Pitch on, found by ${method}`,
    pitchOff: "Pitch off",
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
  facts: {
    summary: "Measured",
    take: "This take",
    source: "Source",
    silent: "silent",
    loudness: (text: string) => `${text} LUFS`,
    peak: (text: string) => `peak ${text} dBTP`,
    noise: (text: string) => `noise ${text} dB`,
    speech: (percent: string) => `speech ${percent} %`,
    pitch: (low: string, high: string) => `f0 ${low} to ${high} Hz`,
    clipped: (samples: number) => `${samples} samples clipped`,
    shape: (seconds: string, kilohertz: string) => `${seconds} s at ${kilohertz} kHz`,
    snr: (text: string) => `estimated signal to noise ${text} dB`,
    median: (text: string, method: string) => `median f0 ${text} Hz, by ${method}`,
    band: (low: string, high: string, percent: string) =>
      `${percent} % of the energy from ${low} to ${high} Hz`
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
