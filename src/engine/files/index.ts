export { moduleFinder, nameModule } from './find-module.ts';
export { nodePlatform } from './node-platform.ts';
export { openFile } from './open-file.ts';
