export type * from './debug-info.ts';
export { ElfFile } from './elf/elf-file.ts';
export type { ElfType } from './elf/header.ts';
export type { Note } from './elf/notes.ts';
export { type ProgramHeader, type ProgramHeaders, PT_LOAD, PT_NOTE } from './elf/program-headers.ts';
export type * from './function-table.ts';
export type * from './image.ts';
export { openImage } from './open-image.ts';
export type * from './types.ts';
