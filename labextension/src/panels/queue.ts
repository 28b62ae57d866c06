/** The queue panel in a notebook: its calls go over the kernel's comm. */

import { CommApi } from "../api/comm_api";
import { JobsModel } from "../model/jobs";
import type { CleanUp, PanelContext } from "./context";
import { queueView } from "./queue_view";
import type { QueueTraits } from "./traits";

function render({ model, el }: PanelContext<QueueTraits>): CleanUp {
  const api = new CommApi(model);
  return queueView(el, api, new JobsModel(api));
}

export default { render };
