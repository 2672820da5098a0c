import { CATEGORIES, type Category, type Comparison, type Difference } from './differences.ts';
import { type Explanation, explanationOf } from './explained.ts';

/** One core compared: its name in the table, and what came of it. */
export interface Row {
  readonly fixture: string;
  readonly build: string;
  /** `failed`: one of the two could not open the core, and the other could, or the fixture could not be made. */
  readonly outcome:
    | { readonly kind: 'compared'; readonly comparison: Comparison }
    | { readonly kind: 'skipped'; readonly reason: string }
    | { readonly kind: 'failed'; readonly reason: string };
}

interface Judged {
  readonly row: Row;
  readonly difference: Difference;
  readonly explanation: Explanation | undefined;
}

export function judge(row: Row): Judged[] {
  if (row.outcome.kind !== 'compared') return [];
  return row.outcome.comparison.differences.map((difference) => ({
    row,
    difference,
    explanation: explanationOf(difference, `${row.fixture} ${row.build}`),
  }));
}

export function rowLine(row: Row): string {
  const head = `${row.fixture.padEnd(32)} ${row.build.padEnd(24)}`;
  if (row.outcome.kind !== 'compared')
    return `${head} ${row.outcome.kind}: ${row.outcome.reason.split('\n')[0]}`;
  const { compared } = row.outcome.comparison;
  const judged = judge(row);
  const cells = CATEGORIES.map((category) => {
    const here = judged.filter((j) => j.difference.category === category);
    const unexplained = here.filter((j) => j.explanation === undefined).length;
    const explained = here.length - unexplained;
    const agreed = compared[category] - here.length;
    const marks = `${explained > 0 ? `+${explained}` : ''}${unexplained > 0 ? ` !${unexplained}` : ''}`;
    return `${agreed}/${compared[category]}${marks}`.padStart(14);
  });
  return head + cells.join('');
}

export function headLine(): string {
  return `${'fixture'.padEnd(32)} ${'build'.padEnd(24)}${CATEGORIES.map((c) => c.padStart(14)).join('')}`;
}

/** Percentages, the explained kinds with their counts, and every unexplained difference. True: nothing is left open. */
export function summary(
  rows: readonly Row[],
  print: (line: string) => void,
  { limit, everyExplained }: { readonly limit: number; readonly everyExplained: boolean },
): boolean {
  const compared = rows.filter((row) => row.outcome.kind === 'compared');
  const judged = rows.flatMap(judge);
  print('');
  const skipped = rows.filter((row) => row.outcome.kind === 'skipped').length;
  const without = skipped === 0 ? '' : `; ${skipped} skipped, for what this machine lacks`;
  print(`${compared.length} compared, ${new Set(compared.map((r) => r.fixture)).size} programs${without}`);
  for (const category of CATEGORIES) print(categoryLine(category, compared, judged));
  const explained = judged.filter((j) => j.explanation !== undefined);
  if (explained.length > 0) print('\nDifferences that are explained:');
  for (const [explanation, cases] of grouped(explained)) {
    const seen = cases.filter(({ difference }) => difference.confirmedBy === 'gdb').length;
    const witness = seen === 0 ? '' : ` (gdb has what Mattock shows in ${seen})`;
    print(`  ${cases.length} × ${explanation!.category}: ${explanation!.reason}${witness}`);
    for (const { difference, row } of everyExplained ? cases : cases.slice(0, 1)) {
      print(`      e.g. ${row.fixture} (${row.build}), ${difference.subject}`);
      print(`           Delve ${clip(difference.delve)} / Mattock ${clip(difference.mattock)}`);
    }
  }
  const open = judged.filter((j) => j.explanation === undefined);
  if (open.length > 0) print(`\n${open.length} differences are not explained:`);
  for (const { row, difference } of open.slice(0, limit)) {
    print(`  ${difference.category}: ${row.fixture} (${row.build}), ${difference.subject}`);
    print(`      Delve   ${clip(difference.delve)}`);
    print(`      Mattock ${clip(difference.mattock)}`);
  }
  if (open.length > limit) print(`  … and ${open.length - limit} more (--limit)`);
  const failed = rows.filter((row) => row.outcome.kind === 'failed');
  for (const row of failed) {
    const reason = row.outcome.kind === 'failed' ? row.outcome.reason : '';
    print(`\nFAILED ${row.fixture} (${row.build}): ${reason}`);
  }
  return open.length === 0 && failed.length === 0 && compared.length > 0;
}

function categoryLine(category: Category, compared: readonly Row[], judged: readonly Judged[]): string {
  let total = 0;
  for (const row of compared)
    if (row.outcome.kind === 'compared') total += row.outcome.comparison.compared[category];
  const here = judged.filter((j) => j.difference.category === category);
  const unexplained = here.filter((j) => j.explanation === undefined).length;
  const percent = total === 0 ? '–' : `${((100 * (total - here.length)) / total).toFixed(2)} %`;
  return `  ${category.padEnd(12)} ${String(total - here.length).padStart(7)} of ${String(total).padStart(7)} agree  ${percent.padStart(9)}   ${here.length - unexplained} explained, ${unexplained} not`;
}

function grouped(judged: readonly Judged[]): Map<Explanation | undefined, Judged[]> {
  const groups = new Map<Explanation | undefined, Judged[]>();
  for (const one of judged) {
    const cases = groups.get(one.explanation);
    if (cases === undefined) groups.set(one.explanation, [one]);
    else cases.push(one);
  }
  return groups;
}

function clip(text: string): string {
  return text.length <= 300 ? text : `${text.slice(0, 300)}… (${text.length} characters)`;
}
