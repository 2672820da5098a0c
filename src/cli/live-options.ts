import type { Redirections } from '../commands/live/launch-words.ts';
import type { BuildRequest } from '../engine/index.ts';
import type { OptionValues } from './options.ts';

/** What `exec`, `attach`, `debug` and `test` were asked to do. */
export interface LiveOptions {
  readonly subject:
    | { readonly kind: 'exec'; readonly path: string }
    | { readonly kind: 'build'; readonly build: BuildRequest }
    | { readonly kind: 'attach'; readonly pid: number };
  /** Arguments of the program. */
  readonly args: readonly string[];
  readonly commands: readonly string[];
  readonly json: boolean;
  readonly color: boolean;
  readonly init: string | undefined;
  readonly config: boolean;
  /** The program's working directory. */
  readonly directory: string | undefined;
  /** `stdin:file`, `stdout:file`, `stderr:file`, or a file for stdin. */
  readonly redirect: Redirections;
  /** A terminal for the program, by its path. */
  readonly tty: string | undefined;
  /** Addresses differ from run to run, as they do without a debugger. */
  readonly aslr: boolean;
}

/** `stdin:FILE`, `stdout:FILE`, `stderr:FILE`; a FILE alone is for stdin. Delve's -r. */
export function redirections(texts: readonly string[]): Redirections {
  const result: { -readonly [Stream in keyof Redirections]: Redirections[Stream] } = {};
  for (const text of texts) {
    const [, stream, file] = /^(?:(stdin|stdout|stderr):)?(.*)$/s.exec(text)!;
    result[(stream as keyof Redirections | undefined) ?? 'stdin'] = file!;
  }
  return result;
}

export function liveOptions(
  subject: LiveOptions['subject'],
  args: readonly string[],
  values: OptionValues,
): LiveOptions {
  return {
    subject,
    args,
    commands: (values.commands as string[] | undefined) ?? [],
    json: values.json === true,
    color: values.color !== false,
    init: values.init as string | undefined,
    config: values.config !== false,
    directory: values.wd as string | undefined,
    redirect: redirections((values.redirect as string[] | undefined) ?? []),
    tty: values.tty as string | undefined,
    aslr: values.aslr === true,
  };
}
