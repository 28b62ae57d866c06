/** The generate panel in a notebook: its calls go over the kernel's comm. */

import { CommApi } from "../api/comm_api";
import type { Draft } from "../api/nouns";
import { JobsModel } from "../model/jobs";
import type { CleanUp, WritablePanelContext } from "./context";
import { generateView } from "./generate_view";
import type { GenerateTraits } from "./traits";

function render({ model, el }: WritablePanelContext<GenerateTraits>): CleanUp {
  const api = new CommApi(model);
  return generateView(el, api, new JobsModel(api), {
    draft: model.get("draft") as Partial<Draft>,
    onTake: job => {
      model.set("jobs", [...model.get("jobs"), job.id]);
      model.save_changes();
    }
  });
}

export default { render };
