import { hex, type RuntimeAddress } from './brand.ts';

/**
 * The three families of errors that a user can meet. Anything else that is thrown is a bug of ours.
 * Every message says what is wrong and where; `remedy`, if there is one, says what to do about it.
 */
export abstract class MattockError extends Error {
  abstract readonly family: 'data' | 'target' | 'user';
  readonly remedy: string | undefined;

  constructor(message: string, remedy?: string) {
    super(message);
    this.name = new.target.name;
    this.remedy = remedy;
  }
}

/** A file's bytes contradict its format: where they are, by file, section and offset. */
export class DataError extends MattockError {
  readonly family = 'data';
  readonly file: string;
  readonly section: string | undefined;
  readonly offset: number | undefined;

  constructor(where: { file: string; section?: string; offset?: number }, problem: string, remedy?: string) {
    const section = where.section === undefined ? '' : ` ${where.section}`;
    const offset = where.offset === undefined ? '' : ` at offset ${hex(where.offset)}`;
    super(`${where.file}${section}${offset}: ${problem}`, remedy);
    this.file = where.file;
    this.section = where.section;
    this.offset = where.offset;
  }
}

/** Memory or registers of the debuggee that are not there. */
export class TargetFault extends MattockError {
  readonly family = 'target';
  readonly address: RuntimeAddress | undefined;

  constructor(problem: string, address?: RuntimeAddress, remedy?: string) {
    super(address === undefined ? problem : `${problem} at ${hex(address)}`, remedy);
    this.address = address;
  }
}

/** The user asked for something that cannot be: what, and what to do instead. */
export class UserError extends MattockError {
  readonly family = 'user';
  /** Column (0-based, in UTF-16 units) into the text that was typed, when the error is about a part of it. */
  readonly column: number | undefined;

  constructor(problem: string, remedy?: string, column?: number) {
    super(problem, remedy);
    this.column = column;
  }
}

/** For the default branch of an exhaustive switch. */
export function assertUnreachable(value: never): never {
  throw new Error(`unreachable: ${JSON.stringify(value)}`);
}
