export * from './brand.ts';
export * from './byte-source.ts';
export * from './errors.ts';
export { PagedBytes } from './paged-bytes.ts';
export { decodeText, Reader } from './reader.ts';
export { indexOfBytes } from './search.ts';
