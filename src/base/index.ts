export * from './brand.ts';
export * from './byte-source.ts';
export * from './errors.ts';
export { decodeText, Reader } from './reader.ts';
