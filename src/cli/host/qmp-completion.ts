import { type QmpSchema, argumentTypeOf, enumValues, membersOf } from '../../qmp/index.ts';
import { typeAt } from './qmp-arguments.ts';

/** Completes command names, argument names and values of enums and booleans, for readline. */
export function completeRequest(line: string, schema: QmpSchema): [hits: string[], word: string] {
  const words = line.split(/\s+/);
  const word = words.at(-1) ?? '';
  if (words.length < 2) {
    return [
      matching(
        schema.commands.map(({ name }) => `${name} `),
        word,
      ),
      word,
    ];
  }
  const root = argumentTypeOf(schema, words[0] ?? '');
  if (root === undefined) return [[], word];
  const equals = word.indexOf('=');
  const path = (equals === -1 ? word : word.slice(0, equals)).split('.');
  if (equals !== -1) {
    const values = valuesOf(schema, typeAt(schema, root, path)).map(
      (value) => `${word.slice(0, equals + 1)}${value} `,
    );
    return [matching(values, word), word];
  }
  const parent = path.slice(0, -1);
  const type = typeAt(schema, root, parent);
  if (type === undefined) return [[], word];
  const prefix = parent.map((name) => `${name}.`).join('');
  const names = [...membersOf(schema, type)].map(
    ([name, memberType]) => `${prefix}${name}${membersOf(schema, memberType).size > 0 ? '.' : '='}`,
  );
  return [matching(names, word), word];
}

function valuesOf(schema: QmpSchema, type: string | undefined): readonly string[] {
  if (type === undefined) return [];
  const entry = schema.type(type);
  if (entry['meta-type'] === 'enum') return enumValues(entry);
  return entry['meta-type'] === 'builtin' && entry['json-type'] === 'boolean' ? ['true', 'false'] : [];
}

function matching(candidates: readonly string[], word: string): string[] {
  return candidates.filter((candidate) => candidate.startsWith(word)).sort();
}
