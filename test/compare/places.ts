import { openSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { linkedAddress, type RuntimeAddress, runtimeAddress, UserError } from '../../src/base/index.ts';
import { resolveBreakpoint } from '../../src/commands/code/breakpoint-places.ts';
import type { Context } from '../../src/commands/command.ts';
import { FileSource } from '../../src/engine/files/file-source.ts';
import { nodePlatform } from '../../src/engine/files/index.ts';
import { type Image, openImage } from '../../src/image/index.ts';
import { Module } from '../../src/target/index.ts';
import { ModuleList } from '../../src/target/module-list.ts';
import { cacheFolder } from '../support/project.ts';
import { run } from '../support/tools.ts';

/** A function, or a line of a file. */
export type PlaceQuestion = { readonly function: string } | { readonly file: string; readonly line: number };

export interface PlaceAnswer {
  readonly question: PlaceQuestion;
  readonly addresses: readonly number[];
  readonly error: string | undefined;
}

interface OraclePlaces {
  readonly function?: string;
  readonly file?: string;
  readonly line?: number;
  readonly addresses: readonly number[] | null;
  readonly error?: string;
}

/** Where Delve's packages set breakpoints. Without functions: of all that Delve knows. */
export function delvePlaces(
  oracle: string,
  executable: string,
  lines: readonly { readonly file: string; readonly line: number }[],
): PlaceAnswer[] {
  const asked = path.join(cacheFolder, `places-${process.pid}.json`);
  writeFileSync(asked, JSON.stringify({ functions: [], lines }));
  const answers = JSON.parse(
    run(oracle, ['places', executable, asked], { timeout: 300_000 }),
  ) as OraclePlaces[];
  return answers.map(({ function: name, file, line, addresses, error }) => ({
    question: name === undefined ? { file: file!, line: line! } : { function: name },
    addresses: [...new Set(addresses ?? [])],
    error,
  }));
}

/** Where Mattock sets them: a program that was linked at fixed addresses needs no process for that. */
export class MattockPlaces {
  readonly image: Image;
  readonly #context: Context;

  constructor(executable: string) {
    this.image = openImage(new FileSource(executable, openSync(executable, 'r')), nodePlatform);
    const { functions, debugInfo } = this.image;
    const module = new Module({
      path: executable,
      image: this.image,
      bias: 0,
      start: runtimeAddress(0),
      end: runtimeAddress(2 ** 40),
    });
    const locate = (pc: RuntimeAddress) => {
      const linked = linkedAddress(pc);
      const index = functions?.find(linked) ?? -1;
      return {
        pc,
        function: index < 0 ? undefined : functions!.name(index),
        position: functions?.position(linked) ?? debugInfo?.lines.position(linked),
      };
    };
    const program = { target: { modules: new ModuleList(module, []) }, locate };
    this.#context = { session: { program } } as unknown as Context;
  }

  ask(question: PlaceQuestion): PlaceAnswer {
    const text = 'function' in question ? question.function : `${question.file}:${question.line}`;
    try {
      const places = resolveBreakpoint(this.#context, { text, column: 0 });
      return { question, addresses: places.map(({ address }) => address), error: undefined };
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
      return { question, addresses: [], error: error.message };
    }
  }
}
