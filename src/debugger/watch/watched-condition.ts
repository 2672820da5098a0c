import { hex, type RuntimeAddress, UserError } from '../../base/index.ts';
import { parse } from '../../expr/parser.ts';
import type { Program } from '../../golang/index.ts';
import { type Condition, compileCondition } from '../conditions/index.ts';
import type { WatchFacts } from './watchpoint.ts';

/** Instructions for which it is kept compiled. */
const MOST_SITES = 1000;

/**
 * A condition of a watch: the watched expression in it means what stands in the watched memory, wherever the access
 * comes from; all other names mean what they mean in the function that makes the access.
 */
export class WatchedCondition implements Condition {
  readonly text: string;
  readonly slow = true;
  readonly #program: Program;
  readonly #watch: WatchFacts;
  readonly #sites = new Map<number, Condition>();
  #address: RuntimeAddress | undefined;
  #compiled = '';

  /** Throws a UserError if it is no expression. */
  constructor(text: string, program: Program, watch: WatchFacts) {
    this.text = text;
    this.#program = program;
    this.#watch = watch;
    parse(text);
  }

  holds(...[thread, memory]: Parameters<Condition['holds']>): boolean {
    const { address } = this.#watch;
    if (address !== this.#address) {
      this.#sites.clear();
      this.#address = address;
      this.#compiled = this.#withAddress();
    }
    const pc = thread.registers.get(this.#program.target.arch.dwarf.pc)!;
    let condition = this.#sites.get(pc);
    if (condition === undefined) {
      condition = this.#compile(pc as RuntimeAddress);
      if (this.#sites.size >= MOST_SITES) this.#sites.clear();
      this.#sites.set(pc, condition);
    }
    return condition.holds(thread, memory);
  }

  #compile(pc: RuntimeAddress): Condition {
    try {
      return compileCondition(this.#compiled, { program: this.#program, pc });
    } catch (error) {
      // Columns are those of another text.
      if (error instanceof UserError) throw new UserError(error.message, error.remedy);
      throw error;
    }
  }

  #withAddress(): string {
    const { expression, type, address } = this.#watch;
    if (type === undefined) return this.text;
    const name = /^\w+$/.test(type.name) ? type.name : JSON.stringify(type.name);
    const escaped = expression.trim().replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
    const whole = new RegExp(`(?<![\\w.])${escaped}(?!\\w)`, 'g');
    return this.text.replace(whole, () => `(*(*${name})(${hex(address)}))`);
  }
}
