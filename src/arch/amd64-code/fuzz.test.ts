import { expect, it } from 'vitest';
import { code } from './testing/decode.ts';
import { Random } from './testing/instances.ts';
import { Machine } from './testing/machine.ts';

it('any bytes are an instruction or none, and do no harm', () => {
  const random = new Random(4);
  let found = 0;
  for (let i = 0; i < 8000; i++) {
    const bytes = Uint8Array.from({ length: random.below(16) }, () => random.below(256));
    const decoded = code.decode(bytes, random.below(2 ** 47));
    if (decoded === undefined) continue;
    found++;
    const machine = new Machine();
    machine.map(0, new Uint8Array(4096));
    const wild = random.chance(50);
    for (let r = 0; r < 50; r++) machine.registers[r] = wild ? random.bits64() : BigInt(random.below(4096));
    expect(decoded.length).toBeLessThanOrEqual(bytes.length);
    decoded.target(machine);
    decoded.taken(machine);
    for (const { address, length } of decoded.accesses(machine)) {
      expect(Number.isSafeInteger(address) && address >= 0 && length > 0).toBe(true);
    }
    decoded.accessTo(random.below(4096), 8, machine);
    expect(decoded.relocate(random.below(2 ** 47))?.length ?? decoded.length).toBe(decoded.length);
    // The machine refuses values that do not fit.
    decoded.emulate(machine);
  }
  expect(found).toBeGreaterThan(4000);
});
