const UNITS = [
  [1e9, 's'],
  [1e6, 'ms'],
  [1e3, 'µs'],
  [1, 'ns'],
] as const;

/** 1.23 ms, 45 µs. */
export function duration(nanoseconds: number): string {
  const [size, unit] = UNITS.find(([one]) => Math.abs(nanoseconds) >= one) ?? [1, 'ns'];
  const value = nanoseconds / size;
  return `${value >= 100 || unit === 'ns' ? value.toFixed(0) : value.toPrecision(3)} ${unit}`;
}

/** A time on the axis, as exact as its ticks are apart. */
export function axisTime(nanoseconds: number, step: number): string {
  const [size, unit] = UNITS.find(([one]) => step >= one) ?? [1, 'ns'];
  return `${(nanoseconds / size).toFixed(0)} ${unit}`;
}

/** 1, 2 or 5 times a power of ten, at least so much. */
export function niceStep(least: number): number {
  const power = 10 ** Math.floor(Math.log10(Math.max(least, 1)));
  return [1, 2, 5, 10].map((n) => n * power).find((step) => step >= least) ?? 10 * power;
}

/** A time of the trace to the nanosecond, in groups of three. */
export function exactTime(nanoseconds: number): string {
  const milliseconds = Math.floor(nanoseconds / 1e6);
  const rest = String(Math.round(nanoseconds % 1e6)).padStart(6, '0');
  return `${milliseconds.toLocaleString('en')}.${rest.slice(0, 3)}\u2009${rest.slice(3)} ms`;
}
