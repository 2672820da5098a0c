export { type PageServer, servePage } from './page-server.ts';
export { makeTracePage } from './trace-page.ts';
