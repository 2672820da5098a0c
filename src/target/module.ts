import { type LinkedAddress, linkedAddress, type RuntimeAddress, runtimeAddress } from '../base/index.ts';
import type { Image } from '../image/index.ts';

/** A binary at its place in the debuggee. */
export class Module {
  readonly path: string;
  /** undefined when the file is missing or is another build: then only its name and addresses are known. */
  readonly image: Image | undefined;
  /** runtime address − linked address. */
  readonly bias: number;
  readonly start: RuntimeAddress;
  readonly end: RuntimeAddress;

  constructor(facts: {
    path: string;
    image: Image | undefined;
    bias: number;
    start: RuntimeAddress;
    end: RuntimeAddress;
  }) {
    this.path = facts.path;
    this.image = facts.image;
    this.bias = facts.bias;
    this.start = facts.start;
    this.end = facts.end;
  }

  toLinked(address: RuntimeAddress): LinkedAddress {
    return linkedAddress(address - this.bias);
  }

  toRuntime(address: LinkedAddress): RuntimeAddress {
    return runtimeAddress(address + this.bias);
  }
}
