/** What a panel gets from whoever mounts it: anywidget in a notebook, the sidebar over REST. */

type CustomMessage = (content: unknown, buffers: DataView[]) => void;
type TraitChange = () => void;

export interface PanelModel<Traits> {
  get<Name extends keyof Traits & string>(name: Name): Traits[Name];
  on(event: "msg:custom", listener: CustomMessage): void;
  on(event: `change:${keyof Traits & string}`, listener: TraitChange): void;
  off(event: "msg:custom", listener: CustomMessage): void;
  off(event: `change:${keyof Traits & string}`, listener: TraitChange): void;
  /** Sends a JSON message, and buffers beside it, to the other side; answers come as "msg:custom". */
  send(content: Record<string, unknown>, callbacks?: undefined, buffers?: ArrayBuffer[]): void;
}

/** A model whose traits the panel writes, too. */
export interface WritableModel<Traits> extends PanelModel<Traits> {
  set<Name extends keyof Traits & string>(name: Name, value: Traits[Name]): void;
  save_changes(): void;
}

export interface PanelContext<Traits> {
  model: PanelModel<Traits>;
  el: HTMLElement;
}

export interface WritablePanelContext<Traits> {
  model: WritableModel<Traits>;
  el: HTMLElement;
}

/** Undoes everything that `render` did outside its element. */
export type CleanUp = () => void;
