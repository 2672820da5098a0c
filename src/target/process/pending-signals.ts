/**
 * Signals that a thread (`SigPnd`) or its process (`ShdPnd`) has not got yet: masks in hex in /proc/PID/task/TID/status
 * (proc_pid_status(5)).
 */
export function pendingSignals(
  status: Uint8Array,
  field: 'SigPnd' | 'ShdPnd' = 'SigPnd',
): ReadonlySet<number> {
  const text = new TextDecoder().decode(status);
  const [, hex = ''] = new RegExp(`^${field}:\\s*([\\da-f]+)$`, 'm').exec(text) ?? [];
  const pending = new Set<number>();
  const mask = BigInt(`0x${hex === '' ? '0' : hex}`);
  for (let signal = 1; signal <= 64; signal++) {
    if ((mask >> BigInt(signal - 1)) & 1n) pending.add(signal);
  }
  return pending;
}
