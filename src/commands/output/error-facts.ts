import { MattockError, UserError } from '../../base/index.ts';

/** An error as data. */
export interface ErrorFacts {
  readonly message: string;
  readonly remedy: string | undefined;
  /** `user`, `data`, `target`; `internal` is a bug of ours. */
  readonly family: 'user' | 'data' | 'target' | 'internal';
  /** Column in the command line, from 0, of what the error is about. */
  readonly column: number | undefined;
  /** For internal errors: where it happened, to be reported. */
  readonly trace: string | undefined;
}

export function errorFacts(error: unknown): ErrorFacts {
  if (error instanceof MattockError) {
    const column = error instanceof UserError ? error.column : undefined;
    return { message: error.message, remedy: error.remedy, family: error.family, column, trace: undefined };
  }
  return {
    message: `internal error: ${error instanceof Error ? error.message : String(error)}`,
    remedy: 'this is a bug of Mattock: please report it with the command',
    family: 'internal',
    column: undefined,
    trace: error instanceof Error ? error.stack : undefined,
  };
}

/** Moves the column of an error about a part of the line, such as an expression, into the whole line. */
export function atColumn<T>(column: number, action: () => T): T {
  try {
    return action();
  } catch (error) {
    if (!(error instanceof UserError) || error.column === undefined || column === 0) throw error;
    throw new UserError(error.message, error.remedy, error.column + column);
  }
}
