export { FileSource } from './file-source.ts';
export { moduleFinder, nameModule, type SearchPlaces } from './find-module.ts';
export { nodePlatform } from './node-platform.ts';
export { type OpenedFile, openFile } from './open-file.ts';
export type { UnpackOptions, UnpackProgress } from './unpack.ts';
