export { openInline } from './inline-session.ts';
export type { BuildRequest } from './live/build-program.ts';
export {
  type OpenCoreOptions,
  type OpenLiveOptions,
  type OpenOptions,
  type RenderOptions,
  type SessionClient,
  SessionEnded,
  SessionError,
} from './session-client.ts';
export { historyPath, settingsPath } from './settings-file.ts';
