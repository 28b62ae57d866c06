/** The compare panel in a notebook: its calls go over the kernel's comm. */

import { CommApi } from "../api/comm_api";
import type { JobView } from "../api/types";
import { compareView } from "./compare_view";
import type { CleanUp, WritablePanelContext } from "./context";
import { element } from "./dom";
import type { CompareTraits } from "./traits";

function render({ model, el }: WritablePanelContext<CompareTraits>): CleanUp {
  const api = new CommApi(model);
  let cleanUp: CleanUp | null = null;
  let gone = false;
  const show = async () => {
    try {
      const jobs = await Promise.all(model.get("jobs").map(id => api.call<JobView>("GET", `/jobs/${id}`)));
      if (!gone) {
        cleanUp?.();
        cleanUp = compareView(el, api, jobs, {
          favourites: model.get("favourites"),
          onFavourites: favourites => write("favourites", favourites),
          onTrial: trial => write("trials", [...model.get("trials"), trial])
        });
      }
    } catch (error) {
      el.replaceChildren(element("p", { role: "alert" }, (error as Error).message));
    }
  };
  const write = <Name extends "favourites" | "trials">(name: Name, value: CompareTraits[Name]) => {
    model.set(name, value);
    model.save_changes();
  };
  const changed = () => void show();
  model.on("change:jobs", changed);
  changed();
  return () => {
    gone = true;
    model.off("change:jobs", changed);
    cleanUp?.();
  };
}

export default { render };
