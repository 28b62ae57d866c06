/** What the host takes and answers. Made by `make docs` from the OpenAPI document; edit the nouns in Python instead. */

/** Why a voice may serve although its provenance has gaps. */
export interface ApprovalOrder {
  reason: string;
}

export interface ArchitecturesView {
  architectures: Record<string, unknown>[];
  broken: Record<string, string>[];
}

/**
 * The installed assets, and what architectures need: each with the asset that serves, None where it is
 * missing.
 */
export interface AssetsView {
  assets: Record<string, unknown>[];
  needs: Record<string, unknown>[];
}

/**
 * One row: who (owner, role) did what to which subject, and the hashes that chain it to the row before
 * it.
 */
export interface AuditEntryView {
  action: string;
  actor: string;
  at: string;
  detail: Record<string, unknown>;
  hash: string;
  number: number;
  previous: string;
  role: string;
  subject: string;
}

/** What is wrong with a row. */
export interface AuditFindingView {
  number: number;
  what: string;
}

/** Whether every row is as it was written; if not, which are not. */
export interface AuditVerdictView {
  findings: AuditFindingView[];
  rows: number;
  sound: boolean;
}

/** Rows, newest first; `cursor` asks for the next page, None at the end. */
export interface AuditView {
  cursor: string | null;
  entries: AuditEntryView[];
}

/** `name` of the folder; empty: the time (UTC). */
export interface BackupOrder {
  name?: string;
}

/**
 * A folder below 'backups' in the data home, and its files; `left_out` names what lies in the data home
 * and is in no backup.
 */
export interface BackupView {
  files: string[];
  left_out: string[];
  name: string;
}

/**
 * Requests in order, one a row. `first` is the number of the first one: a batch may come in several
 * calls. The same name and number with the same request is the same job, however often it is sent: that
 * is how a batch goes on after whoever sent it has ended.
 */
export interface BatchOrder {
  first?: number;
  name: string;
  requests: Request[];
}

/** A batch: how many rows it has, and how many of them are in which state. */
export interface BatchView {
  done: boolean;
  name: string;
  rows: number;
  states: Record<string, number>;
}

/** A page of batches, newest first; `cursor` asks for the next one, None at the end. */
export interface BatchesView {
  batches: BatchView[];
  cursor: string | null;
}

/**
 * Most that each class may hold, in MB, and how long unpinned things are kept, in days. 0: without a
 * limit. `disk_floor_mb`: below this much free space everything that can be made again goes, whatever the
 * budgets say. `owner_mb`: of each owner's results and uploads; where that is full of what may not go,
 * they get no more jobs. `leftovers_mb`: finished pieces of cancelled jobs. `incoming_mb`: uploads on
 * their way; they, voices and environments are never removed by themselves: where they are over their
 * budget, the plan says so.
 */
export interface Budgets {
  cache_days?: number;
  cache_mb?: number;
  disk_floor_mb?: number;
  environments_mb?: number;
  incoming_mb?: number;
  leftovers_mb?: number;
  logs_mb?: number;
  objects_mb?: number;
  owner_mb?: number;
  results_days?: number;
  voices_mb?: number;
}

/** A version of a preset as settings of a voice. */
export interface CarriedView {
  left_out: LeftOutView[];
  settings: Record<string, unknown>;
  version: string;
}

/** One thing that jobs need, or would like to have; `since`: how long it has stood like that. */
export interface CheckView {
  detail: string;
  needed: boolean;
  ok: boolean;
  since: string;
}

/** Facts of an uploaded clip; `report` where it was made already: `GET /clips/{sha256}/report` makes it. */
export interface ClipView {
  channels: number;
  clipped_share: number;
  container: string;
  dc_offset: number;
  encoding: string;
  finite: boolean;
  frames: number;
  label: string;
  peak: number;
  report: Record<string, unknown> | null;
  rms: number;
  sample_rate: number;
  seconds: number;
  sha256: string;
  voiced: boolean | null;
}

/**
 * What can be done to every clip, whatever the architecture: settings, effects, and chains of them by
 * name.
 */
export interface ControlsView {
  effects: Record<string, unknown>[];
  finish: Record<string, unknown>[];
  prepare: Record<string, unknown>[];
  presets: Record<string, unknown>[];
}

/**
 * A device, in MB: what workers may hold now (`budget`), what they hold or were promised, what others
 * use, what ended workers did not give back so far. One that cannot be read holds one worker at a time.
 */
export interface DeviceView {
  budget_mb: number;
  foreign_mb: number;
  held_mb: number;
  kind: string;
  leaked_mb: number;
  name: string;
  readable: boolean;
  title: string;
  total_mb: number;
}

export interface DictionariesView {
  dictionaries: DictionarySummary[];
}

/**
 * A dictionary: its newest version, how many words that has, when it was written, and how many versions
 * there are.
 */
export interface DictionarySummary {
  at: string;
  entries: number;
  name: string;
  version: string;
  versions: number;
}

/** A version of a dictionary with its words; `versions` are all there are, the newest one last. */
export interface DictionaryView {
  at: string;
  document: Record<string, unknown>;
  name: string;
  version: string;
  versions: VersionView[];
}

/** One finding: ok, or what is wrong and how to mend it. */
export interface DoctorLine {
  finding: string;
  mend?: string;
  name: string;
  ok: boolean;
}

export interface DoctorView {
  lines: DoctorLine[];
}

/** The host takes no more calls; running stages give way and their rows stay. */
export interface DrainView {
  draining: boolean;
}

/** One effect of a chain. `mix` is its share, 0 dry to 1 wet; None: as the effect is usually mixed. */
export interface EffectLink {
  effect: string;
  mix?: number | null;
  settings?: Record<string, string | boolean | number | null>;
}

export interface EmptiedView {
  freed_bytes: number;
}

/** The one error shape. */
export interface ErrorView {
  code: string;
  error_id: string;
  message: string;
  problems: ProblemView[];
  retry: string;
  retry_after_seconds: number | null;
}

/**
 * What a request will take, about: seconds of computing, and memory at the widest. `based_on`: history |
 * declared.
 */
export interface EstimateView {
  based_on: string;
  memory_mb: number;
  seconds: number;
}

export interface EventView {
  at: string;
  body: Record<string, unknown>;
  job: string;
  kind: string;
  number: number;
}

/** Events after a number, in order; `last` is the number to ask with next; `progress` of running jobs. */
export interface EventsView {
  events: EventView[];
  last: number;
  progress: Record<string, ProgressView>;
}

/**
 * What a removal frees once the trash is emptied: bytes, and names of files; `kept_because` names each
 * file that stays and who needs it; `jobs` are those that use it now; `needed_by`: voices that could not
 * be used without it; `removable` says whether it can be removed at once.
 */
export interface FreedView {
  bytes: number;
  files: string[];
  id: string;
  jobs: string[];
  kept_because: string[];
  needed_by: string[];
  removable: boolean;
}

/**
 * `deep` reads the content of every object; `mend` removes what nobody names, and says of what is missing
 * that it is.
 */
export interface FsckOrder {
  deep?: boolean;
  mend?: boolean;
}

/** Store and disk held against each other. */
export interface FsckView {
  broken: string[];
  damaged: string[];
  library: LibraryView;
  missing: string[];
  objects: number;
  orphans: string[];
  sound: boolean;
}

/** Whether the host lives; what a supervisor may know without a token. */
export interface HealthView {
  host_id: string;
  status: string;
  version: string;
}

/**
 * A voice (or asset) to be brought in. `source` is one line: a path, `upload:ID`, an https address,
 * `hf:owner/repository`, `haysay:CATALOGUE#NAME`. `name` is the part of the id behind the colon ('': one
 * is found); `architecture`: only sets of this one; `sha256`: of the file that is fetched, where it is
 * one; `override_reason`: an operator's, for a conversion below full confinement.
 */
export interface ImportOrder {
  architecture?: string;
  languages?: string[];
  name?: string;
  override_reason?: string;
  provenance?: Provenance;
  sha256?: string;
  source: string;
  title?: string;
}

/** How far a running import is: the step, the file, files and bytes of that step. */
export interface ImportProgressView {
  bytes: number | null;
  bytes_done: number;
  files: number;
  files_done: number;
  name: string;
  step: string;
}

/**
 * An import. `voices` and `assets`: ids of what it brought; `already`: those of them that were there
 * before.
 */
export interface ImportView {
  already: string[];
  assets: string[];
  created_at: string;
  error: Record<string, unknown> | null;
  files: Record<string, unknown>[];
  id: string;
  name: string;
  owner: string;
  plan: PlanView | null;
  progress: ImportProgressView | null;
  source: string;
  state: State;
  step: string;
  title: string;
  updated_at: string;
  voices: string[];
  warnings: Record<string, unknown>[];
}

/** A page of imports, newest first; `cursor` asks for the next one, None at the end. */
export interface ImportsView {
  cursor: string | null;
  imports: ImportView[];
}

/**
 * A job as everybody sees it. `device`: where its steps were really made, None before any was. `outputs`
 * are the result's objects by role; `warnings` are those that its request had when it was queued, without
 * patches.
 */
export interface JobView {
  artifact: string | null;
  created_at: string;
  current: number;
  device: string | null;
  error: Record<string, unknown> | null;
  group: string | null;
  id: string;
  lane: "interactive" | "batch" | "download" | "maintenance";
  outputs: Record<string, string>;
  pinned_at: string | null;
  position: number | null;
  progress: ProgressView | null;
  recipe: string | null;
  removed_at: string | null;
  request: Record<string, unknown>;
  seed: number | null;
  stages: StageView[];
  starts_in_seconds: number | null;
  state: State;
  updated_at: string;
  voices: string[];
  waiting: string | null;
  warnings: ProblemView[];
}

/** A lane: its share by weight, who stopped it and when (None: it is open), how many jobs wait in it. */
export interface LaneView {
  lane: "interactive" | "batch" | "download" | "maintenance";
  paused: boolean;
  paused_at: string | null;
  paused_by: string | null;
  waiting: number;
  weight: number;
}

/** All lanes, and how many jobs leave a minute, measured over the last five. */
export interface LanesView {
  lanes: LaneView[];
  leaving_per_minute: number;
}

/** A setting that the voice cannot be given, and why. */
export interface LeftOutView {
  setting: string;
  why: string;
}

/**
 * The library's documents and its files. `orphans`: contents that no document names; `strays`: folders
 * without one; `missing`: files that one names and that are not there; `unlinked`: ids that can be laid
 * out again; `damaged`: contents that are not those of their name; `unfinished`: ids with something begun
 * and not ended.
 */
export interface LibraryView {
  contents: number;
  damaged: string[];
  missing: string[];
  orphans: string[];
  strays: string[];
  unfinished: string[];
  unlinked: string[];
}

/** One owner's tags on a voice, in their order, and whether it is a favourite. */
export interface Mark {
  favourite?: boolean;
  tags?: string[];
}

/**
 * Which measures of which clip; nothing named: the usual ones. `against`: the reference of the paired
 * ones. `align` lays the two upon each other in time before they are compared.
 */
export interface MeasureOrder {
  against?: string | null;
  align?: boolean;
  clip: string;
  f0_method?: string;
  measures?: string[];
}

/** What was measured, by name. Not `ready`: some of it is still on its way (0..1), ask again for the rest. */
export interface MeasureView {
  against: string | null;
  align: boolean;
  clip: string;
  f0_method: string;
  fraction: number;
  ready: boolean;
  values: Record<string, unknown>;
}

/** What can be measured, and the pitch trackers. */
export interface MeasuresView {
  f0_methods: Record<string, unknown>[];
  measures: Record<string, unknown>[];
}

/** A page of jobs, newest first; `cursor` asks for the next one, None at the end. */
export interface Page {
  cursor: string | null;
  jobs: JobView[];
}

/**
 * What a source comes to. `files` is empty for what lies on the host's machine; `voices`: of another data
 * home.
 */
export interface PlanView {
  bytes: number | null;
  files: PlannedFileView[];
  kind: string;
  pinned: Record<string, string>;
  provenance: Record<string, string>;
  source: string;
  title: string;
  voices: string[];
  warnings: Record<string, unknown>[];
}

/**
 * A file that would be fetched. `bytes`: None where the server does not tell beforehand; `shared`: of a
 * model that several voices share.
 */
export interface PlannedFileView {
  bytes: number | null;
  host: string;
  name: string;
  sha256: string;
  shared: boolean;
}

/**
 * All problems at once (none: it can be queued), what will be other than one may expect, and the voices
 * that would serve.
 */
export interface PreflightView {
  estimate: EstimateView | null;
  problems: ProblemView[];
  voices: (string | null)[];
  warnings: ProblemView[];
}

/**
 * Settings of one task of one architecture. `senses`: those of its settings that mean something
 * elsewhere, too.
 */
export interface Preset {
  architecture: string;
  format?: number;
  note?: string;
  senses?: Record<string, Sense>;
  settings: Record<string, string | boolean | number | null>;
  task: "speak" | "convert";
}

/** A preset: its newest version, when that was written, what it is of, and how many versions are kept. */
export interface PresetSummary {
  architecture: string;
  at: string;
  name: string;
  note: string;
  settings: number;
  task: string;
  version: string;
  versions: number;
}

/** For whom a preset is wanted: a voice (None: the default one), and a task (None: the preset's own). */
export interface PresetUse {
  task?: "speak" | "convert" | null;
  voice?: string | null;
}

/** A version of a preset with its settings; `versions` are all that are kept, the newest one last. */
export interface PresetView {
  at: string;
  document: Record<string, unknown>;
  name: string;
  version: string;
  versions: string[];
}

export interface PresetsView {
  presets: PresetSummary[];
}

/** One thing that stands in the way, or one warning. */
export interface ProblemView {
  field: string;
  fix: Record<string, unknown>;
  message: string;
}

/** The last known progress of the stage in work. */
export interface ProgressView {
  fraction: number;
  message: string;
  stage: number;
  task: string;
}

/**
 * How to say one word (or several in a row): as `alias`, which is text, or as `ipa`; at least one of
 * them. With both, `alias` is for voices that do not take IPA. `language` (BCP 47) None: in every text;
 * 'en' also in texts in 'en-GB'. `case` 'exact': 'Polish' is not 'polish'. What may stand in each,
 * text/pronunciation.py knows.
 */
export interface Pronunciation {
  alias?: string | null;
  case?: "any" | "exact";
  ipa?: string | null;
  language?: string | null;
  word: string;
}

/** Where a voice came from and what it may be used for; empty fields are unknown, and shown as such. */
export interface Provenance {
  author?: string;
  consent?: "" | "given" | "not_needed" | "denied";
  evidence?: string;
  intended_use?: string;
  licence?: string;
  source?: string;
  training_data?: string;
}

/** What a prune would remove, or has removed; `over`: budgets that do not hold all the same. */
export interface PruneView {
  frees_bytes: number;
  over: string[];
  removals: RemovalView[];
}

/** Whether jobs can run now: every check, the workers, and how many jobs are unfinished. */
export interface ReadyView {
  checks: Record<string, CheckView>;
  ready: boolean;
  unfinished: number;
  workers: Record<string, unknown>[];
}

export interface RemovalView {
  frees_bytes: number;
  name: string;
  owner: string;
  reason: string;
  what: string;
}

/**
 * `state`: 'in the trash' until then (UTC, ISO 8601), 'waits' for `waits_for` to end, or 'gone' for good.
 * `needed_by`: voices that cannot be used without it.
 */
export interface RemovedView {
  frees_bytes: number;
  id: string;
  kept_because: string[];
  needed_by: string[];
  state: string;
  until: string;
  waits_for: string[];
}

/** The input report of a clip, or how far it is (0..1): ask again for it. */
export interface ReportView {
  fraction: number;
  ready: boolean;
  report: Record<string, unknown> | null;
  sha256: string;
}

/**
 * Text and/or a clip (sha256 of an uploaded file), steps in order, a seed, a lane. `seed` None: the host
 * draws one and returns it. `group` ties takes and batch rows together. `prepare` is done to the clip
 * before the first step that takes one, `finish` and `effects` to the result. `fresh`: make every stage
 * anew, even where its result is kept. `cpu_fallback`: where a graphics card has too little memory for a
 * stage, it may run on the CPU, which takes longer. `after`: ids of jobs that must have succeeded before
 * this one starts; where one does not, this one fails.
 */
export interface Request {
  after?: string[];
  clip?: string | null;
  cpu_fallback?: boolean;
  effects?: EffectLink[];
  finish?: Record<string, string | boolean | number | null>;
  fresh?: boolean;
  group?: string | null;
  lane?: "interactive" | "batch" | "download" | "maintenance";
  prepare?: Record<string, string | boolean | number | null>;
  seed?: number | null;
  steps: Step[];
  text?: RequestText | null;
}

/**
 * What is to be spoken. `language` (BCP 47) helps to choose a voice; None leaves it to the voice.
 * `dictionary`: 'name', or 'name@' and the first digits of a version, of a pronunciation dictionary of
 * yours. `pronunciations`: how to say some of the words; they go before a dictionary, which then only
 * says where they came from. The host puts in what it took from the dictionary, so that a recipe holds
 * it.
 */
export interface RequestText {
  body: string;
  dictionary?: string | null;
  language?: string | null;
  markup?: "plain" | "ssml" | "phonemes";
  pronunciations?: Pronunciation[] | null;
}

/** One row of a batch. `seconds`: of the sound that was made. */
export interface RowView {
  artifact: string | null;
  clip: string | null;
  error: Record<string, unknown> | null;
  job: string;
  recipe: string | null;
  said: string | null;
  seconds: number | null;
  seed: number | null;
  state: State;
  voices: string[];
}

/** A page of rows in their order; `cursor` asks for the next one, None at the end. */
export interface RowsView {
  cursor: string | null;
  rows: RowView[];
}

/**
 * What a setting means, and its unit ('' where it has none), so that a preset can be read without its
 * architecture.
 */
export interface Sense {
  means: string;
  unit?: string;
}

export interface StageView {
  attempts: number;
  cached: boolean;
  device: string;
  done: boolean;
  index: number;
  kind: string;
  outputs: Record<string, string>;
  task: string;
  voice: string | null;
  worker_deaths: number;
}

export type State =
  "queued" | "running" | "cancelling" | "succeeded" | "failed" | "cancelled" | "quarantined";

/** One task by one voice. `voice` None: the default voice of the task, named in the answer. */
export interface Step {
  settings?: Record<string, string | boolean | number | null>;
  task: "speak" | "convert" | "phonemes" | "align" | "transcribe" | "separate" | "effect";
  voice?: string | null;
}

/**
 * What the data home holds: bytes by class; yours; of each owner (operators); free; the budgets, in MB
 * and days.
 */
export interface StorageView {
  budgets: Record<string, number>;
  classes: Record<string, number>;
  free_bytes: number;
  owners: Record<string, number>;
  yours_bytes: number;
}

/** What was removed and can be restored; `bytes` that are free once it is emptied. */
export interface TrashView {
  bytes: number;
  trash: TrashedView[];
}

/**
 * One thing in the trash: of which kind ('voice', 'asset'), who removed it, until when it can be
 * restored.
 */
export interface TrashedView {
  at: string;
  by: string;
  bytes: number;
  id: string;
  kind: string;
  title: string;
  until: string;
}

/**
 * A file that will come: its size, its name, and its sha256 where that is known already. A 'voice'
 * (weights, an archive) is no sound and is not inspected: `upload:ID` names it as the source of an
 * import.
 */
export interface UploadOrder {
  bytes: number;
  kind?: "clip" | "voice";
  label?: string;
  sha256?: string | null;
}

/**
 * Where an upload stands: `offset` is the next byte. `clip` once it is complete, None for a voice; `id`
 * None where nothing had to be sent, because you hold the same content already.
 */
export interface UploadView {
  bytes: number;
  clip: ClipView | null;
  complete: boolean;
  id: string | null;
  offset: number;
}

/** One state of a dictionary, by the sha256 of its content. */
export interface VersionView {
  at: string;
  entries: number;
  version: string;
}

/**
 * A voice to be made: its architecture, its name (the part behind the colon), the reference's sha256.
 * `prepare` is done to the reference first, as to the clip of a request.
 */
export interface VoiceOrder {
  architecture: string;
  languages?: string[];
  name: string;
  prepare?: Record<string, string | boolean | number | null>;
  provenance?: Provenance;
  reference: string;
  title?: string;
}

export interface VoicesView {
  voices: Record<string, unknown>[];
}

/** A dictionary as it travels: `name` is what its makers call it. */
export interface WordList {
  entries: Pronunciation[];
  format?: string;
  name?: string;
}

/** A worker: what it has loaded, what it holds, how long nobody has used it; a pinned one is kept. */
export interface WorkerView {
  busy: boolean;
  device: string;
  id: number;
  idle_seconds: number;
  load_seconds: number;
  memory_mb: number;
  pid: number;
  pinned: boolean;
  stages: number;
  voices: string[];
  worker: string;
}

export interface WorkersView {
  devices: DeviceView[];
  workers: WorkerView[];
}
