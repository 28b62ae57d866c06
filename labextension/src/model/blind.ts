/** Blind listening: what is played to a person who must not know it, and what the answers say. */

import { Signal } from "./signal";

export type BlindKind = "ab" | "abx" | "mushra";

/** One answer. `order` is what stood under which letter; `choice` is a key, `scores` are by key. */
export interface Trial {
  kind: BlindKind;
  order: string[];
  /** ABX: what X was. */
  hidden: string | null;
  choice: string | null;
  scores: Record<string, number> | null;
  seconds: number;
}

/** A random number 0..1; tests give their own. */
export type Random = () => number;

export class BlindTest {
  readonly changed = new Signal();
  readonly trials: Trial[] = [];
  order: string[] = [];
  hidden: string | null = null;
  private began = 0;

  constructor(
    readonly kind: BlindKind,
    private readonly keys: readonly string[],
    private readonly random: Random = Math.random,
    private readonly now: () => number = () => performance.now() / 1000
  ) {
    this.next();
  }

  /** How many takes a test of a kind needs: A/B and ABX compare two, MUSHRA two or more. */
  static fits(kind: BlindKind, takes: number): boolean {
    return kind === "mushra" ? takes >= 2 && takes <= 12 : takes === 2;
  }

  /** The take under a letter: "A", "B"..., or "X". */
  behind(letter: string): string {
    return letter === "X" ? (this.hidden ?? "") : (this.order[letter.charCodeAt(0) - 65] ?? "");
  }

  get letters(): string[] {
    const letters = this.order.map((_, at) => String.fromCharCode(65 + at));
    return this.kind === "abx" ? [...letters, "X"] : letters;
  }

  /** A/B: the one that is better; ABX: the one that X is. */
  choose(letter: string): void {
    this.record({ choice: this.behind(letter), scores: null });
  }

  /** MUSHRA: 0..100 for each letter. */
  score(byLetter: Record<string, number>): void {
    const scores = Object.entries(byLetter).map(([letter, score]) => [this.behind(letter), score] as const);
    this.record({ choice: null, scores: Object.fromEntries(scores) });
  }

  private record(answer: Pick<Trial, "choice" | "scores">): void {
    const { kind, order, hidden } = this;
    this.trials.push({ kind, order: [...order], hidden, seconds: this.now() - this.began, ...answer });
    this.next();
  }

  private next(): void {
    this.order = this.shuffled();
    this.hidden = this.kind === "abx" ? this.order[this.random() < 0.5 ? 0 : 1] : null;
    this.began = this.now();
    this.changed.emit();
  }

  private shuffled(): string[] {
    const order = [...this.keys];
    for (let at = order.length - 1; at > 0; at--) {
      const other = Math.floor(this.random() * (at + 1));
      [order[at], order[other]] = [order[other], order[at]];
    }
    return order;
  }
}

/** How many of the ABX trials were right. */
export function right(trials: readonly Trial[]): number {
  return trials.filter(trial => trial.choice === trial.hidden).length;
}

/** One-sided: how often guessing would be right at least so often. Sum of binomials with p = 1/2. */
export function guessing(correct: number, trials: number): number {
  let term = 0.5 ** trials;
  let sum = 0;
  for (let hits = 0; hits <= trials; hits++) {
    sum += hits >= correct ? term : 0;
    term *= (trials - hits) / (hits + 1);
  }
  return Math.min(1, sum);
}
