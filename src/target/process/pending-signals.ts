/** Signals that a thread has not got yet: `SigPnd` of /proc/PID/task/TID/status, a mask in hex (proc_pid_status(5)). */
export function pendingSignals(status: Uint8Array): ReadonlySet<number> {
  const [, hex = ''] = /^SigPnd:\s*([\da-f]+)$/m.exec(new TextDecoder().decode(status)) ?? [];
  const pending = new Set<number>();
  const mask = BigInt(`0x${hex === '' ? '0' : hex}`);
  for (let signal = 1; signal <= 64; signal++) {
    if ((mask >> BigInt(signal - 1)) & 1n) pending.add(signal);
  }
  return pending;
}
