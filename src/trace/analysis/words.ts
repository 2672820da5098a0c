/** `1.23ms`: three digits and the unit that they need. */
export function durationText(ns: number): string {
  const units: readonly (readonly [number, string])[] = [
    [1, 'ns'],
    [1e3, 'µs'],
    [1e6, 'ms'],
    [1e9, 's'],
  ];
  // What would be rounded up to 1000 is one of the next.
  const [size, unit] = units.findLast(([each]) => ns >= each * 0.9995) ?? [1, 'ns'];
  const value = ns / size;
  const digits = value >= 99.95 || unit === 'ns' ? 0 : value >= 9.995 ? 1 : 2;
  return `${value.toFixed(digits)}${unit}`;
}

/** `1.234567s`: a point in time, to the microsecond. */
export const timeText = (ns: number): string => `${(ns / 1e9).toFixed(6)}s`;

/** `12.3 %` */
export function percent(share: number): string {
  const value = share * 100;
  return `${value >= 99.95 || value === 0 ? value.toFixed(0) : value.toFixed(1)} %`;
}

/** `main.f (file.go:12)`: where, for a sentence. */
export function placeText(place: {
  readonly function: string | undefined;
  readonly file: string | undefined;
  readonly line: number | undefined;
}): string {
  const file = place.file === undefined ? '?' : place.file.slice(place.file.lastIndexOf('/') + 1);
  return `${place.function ?? '?'} (${file}:${place.line ?? '?'})`;
}

const UNITS = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];

/** `4.2 MiB` */
export function bytesText(bytes: number): string {
  let value = bytes;
  let unit = 0;
  while (value >= 1024 && unit < UNITS.length - 1) {
    value /= 1024;
    unit++;
  }
  return `${unit === 0 || value >= 99.95 ? value.toFixed(0) : value.toFixed(1)} ${UNITS[unit]}`;
}
