import { hex, UserError } from '../../base/index.ts';
import { defineCommand } from '../command.ts';
import { positional } from '../language/arguments.ts';
import { location } from '../language/kinds.ts';
import { LOCSPEC_HELP } from '../language/locspec.ts';
import type { EditRequest } from '../session/session.ts';
import { type ResolvedLocation, resolveOne } from './resolve-location.ts';

export const edit = defineCommand({
  name: 'edit',
  aliases: ['ed'],
  group: 'code',
  summary: 'Open the source in $DELVE_EDITOR or $EDITOR',
  details: `Without a location, where the selected frame is. The editor is called with +line and the file.\n\n${LOCSPEC_HELP}`,
  examples: ['edit', 'edit main.handle', 'edit main.go:30'],
  arguments: { location: positional(location, 'what to edit') },
  run(context, args): EditRequest {
    const { session, scope } = context;
    const place: ResolvedLocation =
      args.location === undefined ? session.frame(scope) : resolveOne(context, args.location);
    const { position } = place;
    if (position === undefined)
      throw new UserError(`${place.function ?? hex(place.pc ?? 0)} has no source file`);
    const { editor } = session.host;
    if (editor === undefined)
      throw new UserError('neither DELVE_EDITOR nor EDITOR is set', 'set one: EDITOR=vi mattock …');
    if (session.sourceLines(position.file) === undefined)
      throw new UserError(
        `the source file ${position.file} is not here`,
        'tell where it is with `config substitute-path <from> <to>`',
      );
    session.editRequested = { editor, file: session.localPath(position.file), line: position.line };
    return session.editRequested;
  },
  *render() {},
});
