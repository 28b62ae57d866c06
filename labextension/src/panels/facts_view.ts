/** What was measured of a take and of its source: a line under the pictures, and all of it behind a click. */

import { element } from "./dom";
import { labels } from "./labels";
import type { InputReport, Reports } from "./traits";

/** "-17.7 LUFS · peak -6.0 dBTP · noise -62 dB · speech 81 % · f0 98 to 180 Hz"; silence has less. */
export function factsLine(report: InputReport): string {
  const { facts } = labels;
  if (report.lufs === null) {
    return facts.silent;
  }
  return [
    facts.loudness(fixed(report.lufs, 1)),
    report.true_peak_dbtp !== null && facts.peak(fixed(report.true_peak_dbtp, 1)),
    report.noise_floor_db !== null && facts.noise(fixed(report.noise_floor_db, 0)),
    facts.speech(fixed(report.speech_share * 100, 0)),
    report.f0_p5_hz !== null &&
      report.f0_p95_hz !== null &&
      facts.pitch(fixed(report.f0_p5_hz, 0), fixed(report.f0_p95_hz, 0)),
    report.clipped_samples > 0 && facts.clipped(report.clipped_samples)
  ]
    .filter(Boolean)
    .join(" \u00b7 ");
}

export function factsView(reports: Reports): HTMLElement {
  const told: [string, InputReport][] = [[labels.facts.take, reports.take]];
  if (reports.source) {
    told.push([labels.facts.source, reports.source]);
  }
  return element(
    "details",
    { class: "hs-recipe hs-facts" },
    element("summary", {}, `${labels.facts.summary}: ${factsLine(reports.take)}`),
    element(
      "dl",
      {},
      ...told.flatMap(([name, report]) => [
        element("dt", {}, name),
        element("dd", {}, ...detailsOf(report).map(line => element("div", {}, line)))
      ])
    )
  );
}

function detailsOf(report: InputReport): string[] {
  const { facts } = labels;
  const band = report.dominant_band_hz;
  return [
    facts.shape(report.seconds.toFixed(2), String(report.sample_rate / 1000)),
    factsLine(report),
    report.snr_db === null ? "" : facts.snr(fixed(report.snr_db, 0)),
    report.f0_median_hz === null ? "" : facts.median(fixed(report.f0_median_hz, 0), report.f0_method),
    band === null
      ? ""
      : facts.band(fixed(band[0], 0), fixed(band[1], 0), fixed(report.dominant_share * 100, 0))
  ].filter(line => line !== "");
}

/** With a real minus sign. */
function fixed(value: number, digits: number): string {
  const text = Math.abs(value).toFixed(digits);
  return value < 0 && Number(text) !== 0 ? `\u2212${text}` : text;
}
