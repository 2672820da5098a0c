/** speedscope's published schema (file-format-schema.json, SampledProfile), and what its importer adds to it. */

export interface SpeedscopeProfile {
  readonly type: string;
  readonly name: string;
  readonly unit: string;
  readonly startValue: number;
  readonly endValue: number;
  readonly samples: readonly (readonly number[])[];
  readonly weights: readonly number[];
}

export interface SpeedscopeFile {
  readonly $schema: string;
  readonly name?: string;
  readonly exporter?: string;
  readonly activeProfileIndex?: number;
  readonly shared: {
    readonly frames: readonly { readonly name: string; readonly file?: string; readonly line?: number }[];
  };
  readonly profiles: readonly SpeedscopeProfile[];
}

const UNITS = ['bytes', 'microseconds', 'milliseconds', 'nanoseconds', 'none', 'seconds'];

/** Reads a document and throws what is wrong with it. */
export function checkSpeedscope(text: string): SpeedscopeFile {
  const file = JSON.parse(text) as SpeedscopeFile;
  const must = (holds: boolean, what: string): void => {
    if (!holds) throw new Error(what);
  };
  must(file.$schema === 'https://www.speedscope.app/file-format-schema.json', '$schema');
  for (const { name, file: path, line } of file.shared.frames) {
    must(typeof name === 'string', 'a frame without a name');
    must(path === undefined || typeof path === 'string', 'the file of a frame');
    must(line === undefined || Number.isInteger(line), 'the line of a frame');
  }
  const active = file.activeProfileIndex ?? 0;
  must(active >= 0 && active < file.profiles.length, 'activeProfileIndex');
  for (const profile of file.profiles) {
    const { type, name, unit, samples, weights, startValue, endValue } = profile;
    must(type === 'sampled' && typeof name === 'string' && UNITS.includes(unit), 'a profile');
    must(samples.length === weights.length, 'as many weights as samples');
    const numbers = samples.flat();
    must(
      numbers.every((each) => Number.isInteger(each) && file.shared.frames[each] !== undefined),
      'frames that are not there',
    );
    must(
      weights.every((each) => typeof each === 'number' && each >= 0),
      'weights',
    );
    must(endValue - startValue === weights.reduce((sum, each) => sum + each, 0), 'the sum of the weights');
  }
  return file;
}
