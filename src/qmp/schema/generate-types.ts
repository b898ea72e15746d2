import { type EntryOf, type ObjectEntry, QmpSchema, enumValues } from './qmp-schema.ts';
import { type Direction, TypeNames, isEmpty } from './type-names.ts';

/** Commands whose arguments QEMU does not describe fully: device_add accepts the device's own properties. */
const OPEN_COMMANDS = new Set(['device_add']);

const builtins: Readonly<Record<string, string>> = {
  string: 'string',
  int: 'QmpInteger',
  number: 'number',
  boolean: 'boolean',
  null: 'null',
  value: 'unknown',
};

/**
 * Generates TypeScript declarations of every command and event of one QEMU build.
 * @param reply result of query-qmp-schema.
 * @param source its origin, for the first line, e.g. "QEMU 10.0.13, x86_64".
 */
export function generateTypes(reply: unknown, source: string): string {
  const schema = new QmpSchema(reply);
  const writer = new Writer(schema);
  return [
    `// Generated from query-qmp-schema of ${source}. Do not edit. To generate this file again, run \`vmlet qmp types\` (for the file in vmlet itself, run scripts/generate/qmp-types.ts).`,
    '',
    '/** QEMU integers have 64 bits; those that a number cannot represent exactly are bigint. */',
    'export type QmpInteger = number | bigint;',
    '/** A value that QEMU returns: one of those known, or one that a newer QEMU added. */',
    'export type QmpOpenEnum<Known extends string> = Known | (string & Record<never, never>);',
    'export type QmpEmpty = Record<string, never>;',
    '',
    'export interface QmpCommands {',
    ...schema.commands.map((command) => writer.command(command)),
    '}',
    '',
    'export interface QmpEvents {',
    ...schema.events.map((event) => writer.event(event)),
    '}',
    '',
    ...writer.declarations(),
    '',
  ].join('\n');
}

class Writer {
  readonly #schema: QmpSchema;
  readonly #names: TypeNames;
  readonly #openArguments: ReadonlySet<string>;

  constructor(schema: QmpSchema) {
    this.#schema = schema;
    this.#names = new TypeNames(schema);
    this.#openArguments = new Set(
      schema.commands.filter(({ name }) => OPEN_COMMANDS.has(name)).map((command) => command['arg-type']),
    );
  }

  command(command: EntryOf<'command'>): string {
    const outOfBand = command['allow-oob'] ? '; outOfBand: true' : '';
    const args = this.#reference(command['arg-type'], 'in');
    const returns = this.#reference(command['ret-type'], 'out');
    return `${tags(command.features)}  ${property(command.name)}: { arguments: ${args}; returns: ${returns}${outOfBand} };`;
  }

  event(event: EntryOf<'event'>): string {
    return `${tags(event.features)}  ${property(event.name)}: ${this.#reference(event['arg-type'], 'out')};`;
  }

  declarations(): string[] {
    return this.#names.all.map(({ type, direction }) => this.#declaration(type, direction));
  }

  #declaration(type: string, direction: Direction): string {
    const entry = this.#schema.type(type);
    const name = this.#names.of(type, direction);
    switch (entry['meta-type']) {
      case 'enum':
        return `export type ${name} = ${union(enumValues(entry).map(quote))};`;
      case 'alternate':
        return `export type ${name} = ${union(entry.members.map((member) => this.#reference(member.type, direction)))};`;
      case 'object':
        return entry.tag === undefined
          ? this.#interface(name, entry, direction)
          : this.#variants(name, entry, direction);
      default:
        throw new Error(`${type} needs no declaration`);
    }
  }

  #interface(name: string, entry: ObjectEntry, direction: Direction): string {
    const open = direction === 'in' && this.#openArguments.has(entry.name);
    const members = entry.members
      .filter((member) => member.name !== entry.tag)
      .map((member) => {
        const type = this.#reference(member.type, direction);
        // `default` in introspection only means that the member is optional.
        const optional = member.default === null;
        const undefinable = optional && direction === 'in' && type !== 'unknown' ? ' | undefined' : '';
        return `${tags(member.features)}  ${property(member.name)}${optional ? '?' : ''}: ${type}${undefinable};`;
      });
    return [
      `export interface ${name} {`,
      ...members,
      ...(open ? ['  [property: string]: unknown;'] : []),
      '}',
    ].join('\n');
  }

  /** A union that the tag member discriminates; cases with the same type share a branch. */
  #variants(name: string, entry: ObjectEntry, direction: Direction): string {
    const tag = entry.tag ?? '';
    const casesByType = new Map<string, string[]>();
    for (const variant of entry.variants ?? []) {
      casesByType.set(variant.type, [...(casesByType.get(variant.type) ?? []), variant.case]);
    }
    const hasCommon = entry.members.some((member) => member.name !== tag);
    const branches = [...casesByType].map(([type, cases]) => {
      const common = hasCommon ? `${name}Common & ` : '';
      const own = isEmpty(this.#schema.object(type)) ? '' : ` & ${this.#reference(type, direction)}`;
      return `  | (${common}{ ${property(tag)}: ${union(cases.map(quote))} }${own})`;
    });
    const alias = [`export type ${name} =`, ...branches].join('\n') + ';';
    return hasCommon ? `${this.#interface(`${name}Common`, entry, direction)}\n${alias}` : alias;
  }

  #reference(type: string, direction: Direction): string {
    const entry = this.#schema.type(type);
    switch (entry['meta-type']) {
      case 'builtin':
        return builtins[entry['json-type']] ?? 'unknown';
      case 'array': {
        const element = this.#reference(entry['element-type'], direction);
        return `readonly ${/^\w+$/.test(element) ? element : `(${element})`}[]`;
      }
      case 'object':
        return isEmpty(entry) ? 'QmpEmpty' : this.#names.of(type, direction);
      case 'enum': {
        if (enumValues(entry).length === 0) return direction === 'in' ? 'never' : 'string';
        const name = this.#names.of(type, direction);
        return direction === 'in' ? name : `QmpOpenEnum<${name}>`;
      }
      case 'alternate':
        return this.#names.of(type, direction);
      default:
        throw new Error(`${type} is not a type`);
    }
  }
}

function tags(features: readonly string[]): string {
  const found = [
    ...(features.includes('deprecated') ? ['@deprecated'] : []),
    ...(features.includes('unstable') ? ['@experimental'] : []),
  ];
  return found.length === 0 ? '' : `  /** ${found.join(' ')} */\n`;
}

function union(parts: readonly string[]): string {
  return [...new Set(parts)].join(' | ');
}

function property(name: string): string {
  return /^[A-Za-z_$][\w$]*$/.test(name) ? name : quote(name);
}

function quote(text: string): string {
  return `'${text.replaceAll(/[\\']/g, '\\$&')}'`;
}
