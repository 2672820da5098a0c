import { readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { MattockError } from '../base/index.ts';
import { Settings } from '../commands/index.ts';
import { isSystemError } from './node-host.ts';

/** XDG base directory specification: `config` for what the user decides, `state` for histories. */
const directory = (variable: string, fallback: string): string => {
  const value = process.env[variable];
  const base = value?.startsWith('/') === true ? value : join(homedir(), fallback);
  return join(base, 'mattock');
};

export const settingsPath = (): string => join(directory('XDG_CONFIG_HOME', '.config'), 'config.json');
export const historyPath = (): string => join(directory('XDG_STATE_HOME', '.local/state'), 'history');

export interface LoadedSettings {
  readonly settings: Settings;
  readonly warnings: readonly string[];
}

/** The user's settings. A file that is wrong is told and left out: a core can be opened all the same. */
export function loadSettings(path: string | undefined): LoadedSettings {
  const settings = new Settings();
  if (path === undefined) return { settings, warnings: [] };
  try {
    settings.load(readFileSync(path, 'utf8'), path);
  } catch (error) {
    if (isSystemError(error) && error.code === 'ENOENT') return { settings, warnings: [] };
    if (error instanceof MattockError || isSystemError(error)) {
      return { settings: new Settings(), warnings: [`the settings are not used: ${error.message}`] };
    }
    throw error;
  }
  return { settings, warnings: [] };
}
