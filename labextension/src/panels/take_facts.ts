/** What the other side measures of a take, asked for when a player is shown, and the pitch when it is wanted. */

import type { PanelModel } from "./context";
import { element } from "./dom";
import { factsView } from "./facts_view";
import { question } from "./question";
import type { Pitch, PlayerTraits, Reports } from "./traits";

export class TakeFacts {
  /** Empty until the reports have come; a take whose reports cannot be made has none. */
  readonly el = element("div", { class: "hs-facts-box" });
  private readonly ended = new AbortController();
  private pitch: Promise<Pitch> | null = null;
  private shown = false;

  constructor(private readonly model: PanelModel<PlayerTraits>) {
    void this.tell();
  }

  /** The pitch to show from now on, or null for none. `late` is called where it has to be asked for. */
  async togglePitch(late: () => void): Promise<Pitch | null> {
    this.shown = !this.shown;
    if (!this.shown) {
      return null;
    }
    if (this.pitch === null) {
      late();
      this.pitch = question<Pitch>(this.model, "pitch", this.ended.signal);
    }
    try {
      const pitch = await this.pitch;
      return this.shown ? pitch : null;
    } catch (error) {
      this.pitch = null;
      this.shown = false;
      throw error;
    }
  }

  dispose(): void {
    this.ended.abort();
  }

  private async tell(): Promise<void> {
    try {
      this.el.append(factsView(await question<Reports>(this.model, "reports", this.ended.signal)));
    } catch {
      // The facts are beside the sound: where they cannot be had, the player is without them.
    }
  }
}
