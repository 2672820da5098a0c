import { hex, UserError } from '../../base/index.ts';
import { defineCommand } from '../command.ts';
import { positional } from '../language/arguments.ts';
import { location } from '../language/kinds.ts';
import { LOCSPEC_HELP } from '../language/locspec.ts';
import { renderListing, type SourceListing, sourceListing } from '../output/source-listing.ts';
import { positionText } from '../output/text.ts';
import { type ResolvedLocation, resolveOne } from './resolve-location.ts';

interface ListResult {
  readonly function: string | undefined;
  readonly pc: number | undefined;
  readonly line: number;
  readonly source: SourceListing;
}

export const list = defineCommand({
  name: 'list',
  aliases: ['ls', 'l'],
  group: 'code',
  summary: 'Show source code',
  details: `Without a location it shows where the selected frame is. How many lines is the parameter source-list-line-count.\n\n${LOCSPEC_HELP}`,
  examples: ['list', 'list main.main', 'list main.go:30', 'frame 2 list', 'list +20'],
  arguments: { location: positional(location, 'what to show') },
  run(context, args): ListResult {
    const { session, scope } = context;
    const here = args.location === undefined;
    const place: ResolvedLocation = here ? session.frame(scope) : resolveOne(context, args.location);
    const { position } = place;
    if (position === undefined) {
      throw new UserError(
        `${place.function ?? hex(place.pc ?? 0)} has no source file`,
        '`disassemble` shows its code',
      );
    }
    const lines = session.sourceLines(position.file);
    if (lines === undefined) {
      throw new UserError(
        `the source file ${position.file} is not here`,
        'tell where it is with `config substitute-path <from> <to>`',
      );
    }
    const { line } = position;
    if (line > lines.length) {
      throw new UserError(`${position.file} has ${lines.length} lines, there is no line ${line}`);
    }
    const around = session.settings.values['source-list-line-count'];
    const source = sourceListing(position.file, lines, line, around, here ? line : 0);
    return { function: place.function, pc: place.pc, line, source };
  },
  *render(result, style, context) {
    const { function: name, pc, line, source } = result;
    const where = positionText({ file: source.file, line }, style);
    yield `${where}${name === undefined ? '' : ` ${style.paint('function', name)}`}${pc === undefined ? '' : ` (PC: ${hex(pc)})`}`;
    yield* renderListing(source, style, context.session.settings.values.tab);
  },
});
