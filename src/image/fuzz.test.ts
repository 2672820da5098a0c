import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { BytesSource, linkedAddress } from '../base/index.ts';
import { fuzz, type Range } from '../base/testing/mutate.ts';
import { testPlatform } from '../base/testing/platform.ts';
import { ElfFile } from './elf/elf-file.ts';
import { openFrames } from './frames/open.ts';
import type { Image, Section } from './image.ts';
import { openImage } from './open-image.ts';
import { buildSample, SAMPLE_BUILDS } from './testing/builds.ts';

/** Damaged copies of real programs: each part gives a value or a DataError, soon. */
const builds = SAMPLE_BUILDS.filter(
  (b) => b.available && (b.toolchain === undefined || b.toolchain === 'go1.19.13') && b.kind !== 'stripped',
);

const open = (bytes: Uint8Array): Image => openImage(new BytesSource('damaged', bytes), testPlatform);
const rangeOf = (section: Section | undefined, length = section?.fileSize ?? 0): Range | undefined =>
  section && { from: section.fileOffset, to: section.fileOffset + Math.min(length, section.fileSize) };

function readHeaders(image: Image): void {
  for (const section of image.sections) void section.size;
  void [image.segments, image.buildId, image.goBuildId, image.buildInfo, image.entryPoint];
  image.bytesAt(image.entryPoint, 64);
  void image.symbols.byName('main.main');
  void image.symbols.at(image.entryPoint);
}

function readFunctions(image: Image): void {
  const functions = image.functions;
  if (functions === undefined) return;
  functions.byName('main.main');
  functions.files();
  for (let i = 0; i < functions.count; i += 101) {
    const pc = linkedAddress(functions.entry(i) + 20);
    functions.name(i);
    functions.traits(i);
    functions.position(pc);
    functions.inlining(pc);
    functions.spDelta(pc);
    functions.funcdata(i, 3);
  }
}

const frameSource = { file: 'damaged', section: () => undefined };
const pcs: number[] = [];
function readFrames(image: Pick<Image, 'frames'>): void {
  for (const pc of pcs) image.frames.rowAt(linkedAddress(pc));
}

describe.each(builds)('damage in $name', (build) => {
  const bytes = new Uint8Array(readFileSync(buildSample(build)));
  const whole = open(bytes);

  it('headers', () => {
    const headers = { from: 0, to: 4096 };
    const first = { from: 0, to: 512 };
    const outcome = fuzz(bytes, { rounds: 150, range: first }, (damaged) => readHeaders(open(damaged)));
    expect(outcome.errors).toBeGreaterThan(10);
    expect(outcome.values).toBeGreaterThan(10);
    fuzz(bytes, { rounds: 80, range: headers }, (damaged) => {
      readHeaders(open(damaged));
      readFunctions(open(damaged));
    });
    fuzz(bytes, { rounds: 40 }, (damaged) => {
      const elf = new ElfFile(new BytesSource('damaged', damaged), testPlatform);
      void [...elf.notes(), elf.missingBytes];
    });
  });

  it('pclntab', () => {
    const section = whole.section('.gopclntab') ?? whole.section('.data.rel.ro.gopclntab');
    if (section === undefined) return expect(build.kind).toBe('external');
    for (const length of [128, 4096, section.fileSize]) {
      fuzz(bytes, { rounds: 60, range: rangeOf(section, length)! }, (damaged) =>
        readFunctions(open(damaged)),
      );
    }
    const header = fuzz(bytes, { rounds: 60, range: rangeOf(section, 64)! }, (d) => readFunctions(open(d)));
    expect(header.errors).toBeGreaterThan(10);
  });

  it('module data and relocations', () => {
    for (const section of whole.sections) {
      if (!/^\.(go\.module|noptrdata|rela|rela\.dyn|data\.rel\.ro|dynamic)$/.test(section.name)) continue;
      fuzz(bytes, { rounds: 15, range: rangeOf(section)! }, (damaged) => readFunctions(open(damaged)));
    }
  });

  it('frames', () => {
    pcs.length = 0;
    const functions = whole.functions!;
    for (let i = 0; i < functions.count; i += 101) pcs.push(functions.entry(i) + 10);
    pcs.push(whole.entryPoint);
    // The compressed section would only show that zlib notices damage: it is replaced by its contents.
    const contents = whole.sectionBytes('.debug_frame')!;
    const outcome = fuzz(contents, { rounds: 150 }, (damaged) => {
      const frames = openFrames({
        ...frameSource,
        sectionBytes: (name) => (name === '.debug_frame' ? damaged : undefined),
      });
      readFrames({ frames });
    });
    expect(outcome.values + outcome.errors).toBe(150);
    for (const name of ['.eh_frame', '.eh_frame_hdr']) {
      const range = rangeOf(whole.section(name));
      if (range !== undefined) fuzz(bytes, { rounds: 60, range }, (damaged) => readFrames(open(damaged)));
    }
  });

  it('symbols', () => {
    for (const name of ['.symtab', '.strtab']) {
      fuzz(bytes, { rounds: 20, range: rangeOf(whole.section(name))! }, (damaged) => {
        const { symbols } = open(damaged);
        symbols.byName('main.main');
        for (const pc of pcs) symbols.at(linkedAddress(pc));
      });
    }
  });
});
