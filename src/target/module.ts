import { type LinkedAddress, linkedAddress, type RuntimeAddress, runtimeAddress } from '../base/index.ts';
import type { Image } from '../image/index.ts';

/** A binary at its place in the debuggee. Its image and bias are found out when they are first asked for. */
export class Module {
  readonly path: string;
  readonly start: RuntimeAddress;
  readonly end: RuntimeAddress;
  #image: Image | undefined | (() => Image | undefined);
  #bias: number | (() => number);

  constructor(facts: {
    path: string;
    image: Image | undefined | (() => Image | undefined);
    bias: number | (() => number);
    start: RuntimeAddress;
    end: RuntimeAddress;
  }) {
    this.path = facts.path;
    this.#image = facts.image;
    this.#bias = facts.bias;
    this.start = facts.start;
    this.end = facts.end;
  }

  /** undefined when the file is missing or is another build: then only its name and addresses are known. */
  get image(): Image | undefined {
    if (typeof this.#image === 'function') this.#image = this.#image();
    return this.#image;
  }

  /** runtime address − linked address. */
  get bias(): number {
    if (typeof this.#bias === 'function') this.#bias = this.#bias();
    return this.#bias;
  }

  toLinked(address: RuntimeAddress): LinkedAddress {
    return linkedAddress(address - this.bias);
  }

  toRuntime(address: LinkedAddress): RuntimeAddress {
    return runtimeAddress(address + this.bias);
  }
}
