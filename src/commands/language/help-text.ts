import type { Argument, ArgumentSpec } from './arguments.ts';

/** The words about a command that its entry in the table has. */
export interface CommandWords {
  readonly name: string;
  readonly aliases: readonly string[];
  readonly summary: string;
  readonly details?: string;
  readonly examples?: readonly string[];
  readonly arguments: ArgumentSpec;
}

function valuesUsage(argument: Argument<unknown>): string {
  const values = argument.kinds.map((kind) => kind.usage).join(' ');
  return argument.valueOptional ? `[${values}]` : values;
}

function argumentUsage(argument: Argument<unknown>): string {
  const text = [argument.names[0], valuesUsage(argument)]
    .filter((part) => part !== undefined && part !== '')
    .join(' ');
  if (argument.required) return text;
  return argument.repeatable ? `[${text}]...` : `[${text}]`;
}

/** `stack [<depth>] [-full] [-offsets]` */
export function usageLine(command: CommandWords): string {
  return [command.name, ...Object.values(command.arguments).map(argumentUsage)].join(' ');
}

/** Each argument with its meaning: how it is written, what it does. */
export function argumentTable(spec: ArgumentSpec): readonly (readonly [string, string])[] {
  return Object.values(spec).map((argument) => {
    const names = argument.names.join(', ');
    const usage = [names, valuesUsage(argument)].filter((part) => part !== '').join(' ');
    const values = argument.kinds.flatMap((kind) => (kind.values === undefined ? [] : [kind.values]));
    return [usage, [argument.help, ...values].join(': ')] as const;
  });
}

export function wrapped(text: string, width: number, indent = ''): string[] {
  const lines: string[] = [];
  for (const paragraph of text.split('\n')) {
    // Indented paragraphs are tables, which stay as they are.
    if (paragraph.startsWith(' ')) {
      lines.push(indent + paragraph);
      continue;
    }
    let line = '';
    for (const word of paragraph.split(' ')) {
      if (line !== '' && line.length + 1 + word.length > width - indent.length) {
        lines.push(indent + line);
        line = word;
      } else {
        line = line === '' ? word : `${line} ${word}`;
      }
    }
    lines.push(line === '' ? '' : indent + line);
  }
  return lines;
}
