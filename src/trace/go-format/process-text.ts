import type { TraceProcess } from '../trace.ts';

const NUMBERS = ['pid', 'parent', 'begin', 'firstGoroutine', 'firstProcessor', 'firstThread'] as const;

/** A process as the file has it; undefined if it makes no sense behind the one before. */
export function parseProcess(text: string, before: TraceProcess | undefined): TraceProcess | undefined {
  let given: Partial<Record<keyof TraceProcess, unknown>>;
  try {
    given = Object(JSON.parse(text)) as typeof given;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
  const { command, end } = given;
  const isNumber = (value: unknown): boolean => Number.isFinite(value) && (value as number) >= 0;
  if (typeof command !== 'string' || !(end === undefined || isNumber(end))) return undefined;
  if (!NUMBERS.every((name) => isNumber(given[name]))) return undefined;
  const process = given as unknown as TraceProcess;
  const rises = before === undefined || process.firstGoroutine > before.firstGoroutine;
  return rises ? { ...process, end: end as number | undefined } : undefined;
}
