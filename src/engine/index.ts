export { openCoreTarget } from './core-session.ts';
export { openInline } from './inline-session.ts';
export {
  type OpenOptions,
  type Progress,
  type RenderOptions,
  type SessionClient,
  SessionEnded,
  SessionError,
} from './session-client.ts';
export { historyPath, settingsPath } from './settings-file.ts';
