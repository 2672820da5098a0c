/** `go1.26.8` → 26; `go1.24rc1`, `go1.22.1 X:rangefunc` too. undefined: a development build (`devel go1.27-abc…` gives 27). */
export function goMinor(version: string): number | undefined {
  const match = /\bgo1\.(\d+)/.exec(version);
  return match === null ? undefined : Number(match[1]);
}
