import { UserError } from '../../base/index.ts';

/** Which functions are meant. */
export interface NamePattern {
  readonly text: string;
  matches(name: string): boolean;
}

/**
 * `main.handle*`, `net/http.(*conn).*`: `*` stands for anything; `/regexp/` is searched for. What begins with a path may
 * be left out up to a slash (`http.*`). Type arguments of generic functions may be left out too.
 */
export function namePattern(text: string): NamePattern {
  if (text === '') throw new UserError('an empty pattern means no function');
  const expression = text.length > 2 && text.startsWith('/') && text.endsWith('/');
  const wanted = expression ? regular(text.slice(1, -1)) : globbed(text);
  return {
    text,
    matches: (name) =>
      wanted.test(name) || (name.includes('[') && wanted.test(name.replace(/\[[^\]]*\]/g, ''))),
  };
}

function regular(source: string): RegExp {
  try {
    return new RegExp(source);
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    throw new UserError(`/${source}/ is no regular expression: ${error.message.replace(/^.*: /, '')}`);
  }
}

/** The receiver's `(*T)` is no wildcard: a star that follows an opening parenthesis stands for itself. */
function globbed(text: string): RegExp {
  const parts = text.split(/(?<!\()\*/).map((part) => part.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&'));
  return new RegExp(`^(?:.*/)?${parts.join('.*')}$`);
}
