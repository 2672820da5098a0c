export { type PageServer, servePage } from './page-server.ts';
export { makeTracePage, writePage } from './trace-page.ts';
