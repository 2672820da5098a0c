/** speedscope's published schema (file-format-schema.json: SampledProfile, EventedProfile), and what its importer adds to it. */

interface EventedProfile {
  readonly type: 'evented';
  readonly name: string;
  readonly unit: string;
  readonly startValue: number;
  readonly endValue: number;
  readonly events: readonly { readonly type: 'O' | 'C'; readonly frame: number; readonly at: number }[];
}

interface SampledProfile {
  readonly type: 'sampled';
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
  readonly profiles: readonly (SampledProfile | EventedProfile)[];
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
    const { name, unit, startValue, endValue } = profile;
    must(typeof name === 'string' && UNITS.includes(unit), 'a profile');
    if (profile.type === 'evented') {
      checkNested(profile, must);
      continue;
    }
    const { type, samples, weights } = profile;
    must(type === 'sampled', 'the type of a profile');
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

/** Its importer refuses a frame that is closed while another one is open, and one that stays open. */
function checkNested(
  { events, startValue, endValue }: EventedProfile,
  must: (holds: boolean, what: string) => void,
): void {
  const open: number[] = [];
  let before = startValue;
  for (const { type, frame, at } of events) {
    must(at >= before && at <= endValue, 'the order of events');
    before = at;
    if (type === 'O') open.push(frame);
    else must(open.pop() === frame, 'frames that are not nested');
  }
  must(open.length === 0, 'a frame that stays open');
}
