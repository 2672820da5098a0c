/** Goroutines that a recording is about: those that entered certain functions, and all that they create, in turn. */
export class Followed {
  readonly #ids = new Set<number>();

  get count(): number {
    return this.#ids.size;
  }

  has(id: number): boolean {
    return this.#ids.has(id);
  }

  entered(id: number): void {
    if (id !== 0) this.#ids.add(id);
  }

  created(id: number, creator: number): void {
    if (this.#ids.has(creator)) this.#ids.add(id);
  }
}
