/** What a piece of text is; a terminal gives each its colour. */
export type Role =
  | 'address'
  | 'comment'
  | 'current'
  | 'error'
  | 'function'
  | 'heading'
  | 'keyword'
  | 'line'
  | 'name'
  | 'path'
  | 'string'
  | 'warning';

/** How text is to look. Renderers take one and know nothing else of where the text goes. */
export interface Style {
  paint(role: Role, text: string): string;
  /** Of text that is harmless already: to look through it again is not free in a list of a million. */
  paintHarmless(role: Role, text: string): string;
  /** A source path as it is shown: relative to the working directory where that is shorter. */
  path(path: string): string;
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
const CONTROL = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/;
const CONTROLS = new RegExp(CONTROL, 'g');

/** Text without characters that could steer a terminal: names and paths come from files that nobody vouches for. */
export const harmless = (text: string): string =>
  CONTROL.test(text)
    ? text.replace(CONTROLS, (char) => `\\x${char.charCodeAt(0).toString(16).padStart(2, '0')}`)
    : text;

/** SGR parameters (ECMA-48 §8.3.117). */
const COLOURS: Readonly<Record<Role, string>> = {
  address: '2',
  comment: '2',
  current: '1;33',
  error: '1;31',
  function: '36',
  heading: '1',
  keyword: '35',
  line: '34',
  name: '32',
  path: '',
  string: '32',
  warning: '33',
};

export interface StyleOptions {
  readonly colour: boolean;
  /** Working directory of the user, without a slash at its end. */
  readonly directory?: string;
}

export function makeStyle({ colour, directory }: StyleOptions): Style {
  const prefix = directory === undefined || directory === '' ? undefined : `${directory}/`;
  const path = (text: string): string =>
    harmless(prefix !== undefined && text.startsWith(prefix) ? `./${text.slice(prefix.length)}` : text);
  const paintHarmless: Style['paintHarmless'] = colour
    ? (role, text) => (COLOURS[role] === '' ? text : `\x1b[${COLOURS[role]}m${text}\x1b[0m`)
    : (_role, text) => text;
  return { paint: (role, text) => paintHarmless(role, harmless(text)), paintHarmless, path };
}

export const PLAIN: Style = makeStyle({ colour: false });
