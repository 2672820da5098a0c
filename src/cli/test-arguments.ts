/** Flags that go test hands to the test program as -test.FLAG (go help testflag). */
const FLAGS: ReadonlySet<string> = new Set(
  (
    'bench benchmem benchtime blockprofile blockprofilerate count coverprofile cpu cpuprofile failfast fullpath fuzz ' +
    'fuzzminimizetime fuzztime list memprofile memprofilerate mutexprofile mutexprofilefraction outputdir parallel ' +
    'run short shuffle skip timeout trace v'
  ).split(' '),
);

/** A test program's arguments out of those that go test takes. What follows -args is passed on as it is. */
export function testArguments(args: readonly string[]): string[] {
  const end = args.indexOf('-args');
  const flags = end < 0 ? args : args.slice(0, end);
  const result = flags.map((word) => {
    const match = /^--?([a-z]+)(=.*)?$/s.exec(word);
    return match !== null && FLAGS.has(match[1]!) ? `-test.${match[1]}${match[2] ?? ''}` : word;
  });
  return end < 0 ? result : [...result, ...args.slice(end + 1)];
}
