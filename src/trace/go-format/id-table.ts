/** Ids of one generation → ids of the trace. */
export class IdTable {
  readonly #ids = new Map<number, number>();

  set(id: number, to: number): void {
    this.#ids.set(id, to);
  }

  /** 0, which is "none", for an id that the file does not explain: it was cut off. */
  get(id: number): number {
    return id === 0 ? 0 : (this.#ids.get(id) ?? 0);
  }
}
