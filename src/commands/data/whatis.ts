import { defineCommand } from '../command.ts';
import { required } from '../language/arguments.ts';
import { expression } from '../language/kinds.ts';
import { columns } from '../output/text.ts';
import { describe } from '../session/describe.ts';

export const whatis = defineCommand({
  name: 'whatis',
  aliases: [],
  group: 'data',
  summary: 'Tell the type of an expression, or what a type is',
  details: 'With the parameter show-location-expr it also says where the compiler put the variable.',
  examples: ['whatis err', 'whatis main.T', 'whatis m["key"]'],
  arguments: { what: required(expression, 'an expression or the name of a type') },
  run: (context, { what }) => describe(context, what),
  *render(result) {
    if (result.kind === 'value') {
      yield result.type;
      if (result.realType !== undefined) yield `Real type: ${result.realType}`;
      if (result.concreteType !== undefined) yield `Concrete type: ${result.concreteType}`;
      if (result.location !== undefined) yield `location: ${result.location}`;
      return;
    }
    yield `${result.typeKind} type, size: ${result.size} bytes`;
    if (result.fields.length > 0) {
      yield 'Fields:';
      for (const line of columns(result.fields.map(({ name, type }) => [name, type]))) yield `\t${line}`;
    }
    if (result.methods.length > 0) {
      yield 'Methods:';
      for (const name of result.methods) yield `\t${name}`;
    }
  },
});
