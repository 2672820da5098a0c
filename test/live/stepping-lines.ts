/**
 * The lines through which steps go, in builds without optimisation (test/fixtures/stepping and stepping-loops): from the
 * first line of each function to where it returns. Delve 1.27 gives the same up to `|`, where it loses the goroutine or
 * stops in runtime.gopanic and loses it then; only method values' wrappers, where Delve stops too, are passed through.
 * A name stands for the lines behind it, without `main.`.
 */
export type Lines = Readonly<Record<string, string>>;

const COMMON: Lines = {
  fact: 'fact:29 30 33 34 func1:262',
  overRecovery: 'overRecovery:72 73 74 75 func4:265',
  switches: 'switches:100 101 102 106 107 108 109 func7:268',
  selects: 'selects:113 114 115 117 119 116 117 119 116 119 117 118 func8:269',
  sums: 'sums:134 135 136 137 func9:270',
  grows: 'grows:141 142 143 144 147 148 func10:271',
  calls:
    'calls:154 155 156 157 square.area:16 17 calls:157 158 square.area:16 17 calls:158 159 162 ' +
    'calls.func1:159 160 calls:162 163 func11:272',
  starts: 'starts:167 168 169 170 171 175 176 func12:273',
  loops: 'loops:179 180 181 182 181 182 181 182 181 184 186 func13:274',
  exits: 'exits:201 202 203 206 | exits.func1:203 204 205 runtime.Goexit:*',
  returns: 'returns:195 196 values:190 191 returns:196 197 func15:276',
};

export const STEPPING: Readonly<Record<'newest' | '1.22.12', Lines>> = {
  newest: {
    ...COMMON,
    recovers: 'recovers:45 46 51 recovers.func1:46 47 48 50 | recovers:53 52 53 func2:263',
    outer: 'outer:62 63 67 outer.func1:63 64 65 66 | outer:69 68 69 func3:264',
    nilPointer: 'nilPointer:79 80 83 84 nilPointer.func1:80 81 82 | nilPointer:86 85 86 func5:266',
    defers: 'defers:89 90 91 94 95 96 97 96 97 func6:267',
  },
  '1.22.12': {
    ...COMMON,
    recovers: 'recovers:45 46 51 recovers.func1:46 47 48 50 | recovers:46 func2:263',
    outer: 'outer:62 63 67 outer.func1:63 64 65 66 | outer:63 func3:264',
    nilPointer: 'nilPointer:79 80 83 84 nilPointer.func1:80 81 82 | nilPointer:80 func5:266',
    defers: 'defers:89 90 91 94 95 96 func6:267',
  },
};

export const LOOPS: Lines = {
  ranges: 'ranges:22 23 24 ranges-range1:25 26 27 24 25 26 27 ranges:27 28 func1:92',
  breaks: 'breaks:32 33 breaks-range1:34 37 38 33 34 35 breaks:38 func2:93',
  nested:
    'nested:43 44 45 nested-range1:46 nested-range2:47 50 51 46 47 48 nested-range1:51 52 53 45 46 ' +
    'nested-range2:47 50 51 46 47 48 nested-range1:51 52 53 nested:53 54 func3:94',
  recursive: 'recursive:58 59 60 recursive-range1:61 62 64 65 60 61 62 64 65 recursive:65 66 func4:95',
  defersInLoop:
    'defersInLoop:70 71 72 defersInLoop-range1:73 76 72 73 76 defersInLoop:76 77 78 77 78 func5:96',
};

/** Optimised: as Delve's, but that it names inlined bodies by the function around them. */
export const OPTIMISED_LOOPS: Lines = {
  breaks: 'breaks:32 33 breaks-range1:34 37 33 34 breaks:38 func2:93',
  nested: 'nested:43 44 45 nested-range1:46 51 52 46 51 52 nested:54 func3:94',
  recursive: 'recursive:58 60 recursive-range1:61 62 64 61 62 64 recursive:66 func4:95',
  defersInLoop: LOOPS.defersInLoop!,
};

/** `fact:29 fact:30`… */
export function spelledOut(lines: string): string[] {
  let name = '';
  return lines
    .replace('| ', '')
    .split(' ')
    .map((word) => {
      const [, given, line] = /^(?:(.*):)?(\d+|\*)$/.exec(word)!;
      name = given ?? name;
      return `${name}:${line}`;
    });
}

/** The functions that are gone through. */
export function functionsOf(places: readonly string[]): string[] {
  const names = places.map((place) => place.replace(/:[^:]*$/, ''));
  return names.filter((name, i) => name !== names[i - 1]);
}
