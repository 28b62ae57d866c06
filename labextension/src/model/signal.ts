/** Something that changes, and whoever wants to know. */

export type Stop = () => void;

export class Signal<Told = void> {
  private readonly slots = new Set<(told: Told) => void>();

  connect(slot: (told: Told) => void): Stop {
    this.slots.add(slot);
    return () => this.slots.delete(slot);
  }

  emit(told: Told): void {
    [...this.slots].forEach(slot => slot(told));
  }
}
