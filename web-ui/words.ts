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

/** A time on an axis that ends at `last`, as exact as its ticks are apart: 191.5925 ms. */
export function axisTime(nanoseconds: number, step: number, last: number): string {
  const [size, unit] = UNITS.find(([one]) => last >= one) ?? [1, 'ns'];
  const decimals = Math.max(0, Math.ceil(Math.log10(size / step) - 1e-9));
  return `${(nanoseconds / size).toFixed(decimals)} ${unit}`;
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

/** 12.3 MB: of memory, in powers of 1024 as Go counts it. */
export function bytes(count: number): string {
  const units = ['B', 'KB', 'MB', 'GB', 'TB'];
  const power = Math.min(units.length - 1, Math.floor(Math.log2(Math.max(1, count)) / 10));
  const value = count / 1024 ** power;
  return `${power === 0 || value >= 100 ? value.toFixed(0) : value.toPrecision(3)} ${units[power]}`;
}

/** Of 10ms, 1.5s, 300us; NaN if it is none. */
export function nanosecondsOf(text: string): number {
  const [, number, unit] = /^([\d.]+)(ns|us|µs|ms|s)?$/.exec(text) ?? [];
  const size = UNITS.find(([, name]) => name === (unit === 'us' ? 'µs' : (unit ?? 'ms')))?.[0];
  return number === undefined || size === undefined ? Number.NaN : Number(number) * size;
}
