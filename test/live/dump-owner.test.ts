import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, expect, it } from 'vitest';
import { type LiveSession, launch } from './live-session.ts';

const folder = mkdtempSync(path.join(tmpdir(), 'dump-owner-'));
let session: LiveSession | undefined;
afterEach(async () => {
  await session?.close();
  rmSync(folder, { recursive: true, force: true });
});

/** `struct elf_prpsinfo` behind the header of its note: name size 5, size 136, type 3, then "CORE" in 8 bytes. */
function processInfo(core: Buffer): Buffer {
  const header = Buffer.from([5, 0, 0, 0, 136, 0, 0, 0, 3, 0, 0, 0, ...Buffer.from('CORE\0\0\0\0')]);
  const at = core.indexOf(header);
  expect(at).toBeGreaterThan(0);
  return core.subarray(at + header.length, at + header.length + 136);
}

it('a dump says whose the process is and what it belongs to', async () => {
  session = await launch({ fixture: 'traced-calls', flags: 'noopt' });
  const file = path.join(folder, 'app.core');
  await session.text(`dump ${file}`);
  const info = processInfo(readFileSync(file));
  const pid = info.readInt32LE(24);
  expect(info.readUInt32LE(16)).toBe(process.getuid!());
  expect(info.readUInt32LE(20)).toBe(process.getgid!());
  expect(info.readInt32LE(28)).toBe(process.pid);
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]!.split(' ');
  expect([info.readInt32LE(32), info.readInt32LE(36)]).toEqual([Number(stat[2]), Number(stat[3])]);
});
