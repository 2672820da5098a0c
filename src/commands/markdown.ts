import { argumentTable, usageLine } from './language/help-text.ts';
import type { CommandTable } from './table.ts';
import { GROUPS } from './tool/help.ts';

const escaped = (text: string): string => text.replaceAll('|', '\\|').replaceAll('<', '\\<');

/** docs/commands.md: what `help` says of every command, as a page. */
export function commandsMarkdown(table: CommandTable): string {
  const parts = [
    '# Commands',
    '',
    'What can be typed at the prompt of `mattock core`, given with `-c`, or piped in. Names, flags and aliases are ' +
      "Delve's, where it has the command. This page is made of the table of commands by `npm run docs`.",
    '',
  ];
  for (const [group, title] of Object.entries(GROUPS)) {
    parts.push(`## ${title}`, '');
    for (const command of table.commands.filter((c) => c.group === group)) {
      const aliases = command.aliases.length === 0 ? '' : ` (${command.aliases.join(', ')})`;
      parts.push(
        `### ${command.name}${aliases}`,
        '',
        `${command.summary}.`,
        '',
        '```',
        usageLine(command),
        '```',
        '',
      );
      const rows = argumentTable(command.arguments);
      if (rows.length > 0) {
        parts.push('| argument | |', '|---|---|');
        parts.push(
          ...rows.map(([usage, help]) => `| \`${usage.replaceAll('|', '\\|')}\` | ${escaped(help)} |`),
          '',
        );
      }
      if (command.details !== undefined) parts.push(...detailsMarkdown(command.details), '');
      if (command.examples !== undefined) {
        parts.push('For example:', '', '```', ...command.examples, '```', '');
      }
    }
  }
  return `${parts.join('\n').trimEnd()}\n`;
}

/** Paragraphs; indented ones are tables that keep their shape. */
function detailsMarkdown(details: string): string[] {
  const lines: string[] = [];
  let table = false;
  for (const line of details.split('\n')) {
    const indented = line.startsWith(' ');
    if (indented !== table) lines.push(...(indented ? ['', '```text'] : ['```', '']));
    table = indented;
    lines.push(indented ? line.trimStart() : escaped(line));
  }
  if (table) lines.push('```');
  return lines;
}
