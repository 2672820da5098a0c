import { BytesSource } from '../../base/index.ts';
import { ByteBuilder } from '../../base/testing/byte-builder.ts';
import { testPlatform } from '../../base/testing/platform.ts';
import { ElfFile, type Note } from '../../image/index.ts';
import { buildElf, ET_CORE } from '../../image/testing/elf-builder.ts';

const PT_NOTE = 4;

/** Notes as ElfFile reads them. */
export function parseNotes(notes: readonly Uint8Array[]): Note[] {
  const all = new ByteBuilder();
  for (const bytes of notes) all.bytes(bytes);
  const core = buildElf({ type: ET_CORE, segments: [{ type: PT_NOTE, bytes: all.build() }] });
  return [...new ElfFile(new BytesSource('core', core), testPlatform).notes()];
}
