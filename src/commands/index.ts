export { commandTable } from './commands.ts';
export { type Completion, completeLine } from './complete.ts';
export { executeLine, type Outcome, type Write } from './execute.ts';
export { type ErrorFacts, errorFacts } from './output/error-facts.ts';
export { renderError } from './output/render-error.ts';
export { makeStyle, PLAIN, type StyleOptions } from './output/style.ts';
export type {
  LiveControl,
  PassingProgram,
  Recorded,
  RecordRequest,
  RestartRequest,
} from './session/live-control.ts';
export { type EditRequest, type Host, type NewFile, Session } from './session/session.ts';
export { Settings } from './session/settings.ts';
