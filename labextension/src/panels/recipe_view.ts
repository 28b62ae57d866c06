/** How a take was made, for people: steps with voices and settings, seed, licences, ids. */

import { element } from "./dom";
import { labels } from "./labels";
import type { RecipeCard, RecipeStep } from "./traits";

/** "parrot:polly → mirror:glass · seed 7", or "" where nothing is known. */
export function recipeLine(card: RecipeCard): string {
  const voices = card.steps.map(step => step.voice).join(" \u2192 ");
  return [voices, card.seed && labels.player.seed(card.seed)].filter(Boolean).join(" \u00b7 ");
}

export function recipeView(card: RecipeCard): HTMLElement {
  const rows: [string, Node | string][] = [];
  if (card.text !== null) {
    rows.push([labels.recipe.text, element("q", {}, card.text)]);
  }
  if (card.clip !== null) {
    rows.push([labels.recipe.clip, code(card.clip)]);
  }
  card.steps.forEach((step, i) => rows.push([`${i + 1}. ${taskName(step.task)}`, stepView(step)]));
  rows.push([labels.recipe.seed, code(card.seed)]);
  for (const [voice, provenance] of Object.entries(card.voices)) {
    const { unknown, licence, source } = labels.recipe;
    const said = `${licence}: ${provenance.licence || unknown} \u00b7 ${source}: ${provenance.source || unknown}`;
    rows.push([labels.recipe.voice, element("div", {}, element("b", {}, voice), element("div", {}, said))]);
  }
  rows.push([labels.recipe.id, code(card.id)], [labels.recipe.artifact, code(card.artifact)]);
  return element(
    "details",
    { class: "hs-recipe" },
    element("summary", {}, labels.recipe.summary),
    element("dl", {}, ...rows.flatMap(([name, value]) => [element("dt", {}, name), element("dd", {}, value)]))
  );
}

function taskName(task: string): string {
  return labels.recipe.task[task] ?? task;
}

function stepView(step: RecipeStep): HTMLElement {
  const settings = Object.entries(step.settings)
    .filter(([, value]) => value !== null)
    .map(([name, value]) =>
      element("li", {}, element("span", {}, name.replace(/_/g, " ")), element("b", {}, String(value)))
    );
  return element(
    "div",
    {},
    element("b", {}, step.voice),
    ...(settings.length
      ? [element("ul", { class: "hs-settings", "aria-label": labels.recipe.settings }, ...settings)]
      : [])
  );
}

function code(text: string): HTMLElement {
  return element("code", {}, text);
}
