import { type ObjectEntry, type QmpSchema, enumValues } from './qmp-schema.ts';

/** The direction of a value: an enum that QEMU returns may have values that these types do not know. */
export type Direction = 'in' | 'out';

export interface NamedType {
  readonly type: string;
  readonly direction: Direction;
}

/**
 * Readable names for QEMU's masked types: each is named after the shortest path to it from a command or
 * event, so `blockdev-add` with `driver: qcow2` becomes BlockdevAddQcow2.
 */
export class TypeNames {
  readonly #names = new Map<string, string>();
  readonly #taken = new Set<string>();
  readonly #inOrder: NamedType[] = [];

  constructor(schema: QmpSchema) {
    let level: Step[] = [
      ...schema.commands.flatMap((command): Step[] => [
        { type: command['arg-type'], direction: 'in', path: [pascal(command.name), 'Arguments'] },
        { type: command['ret-type'], direction: 'out', path: [pascal(command.name), 'Result'] },
      ]),
      ...schema.events.map((event): Step => ({
        type: event['arg-type'],
        direction: 'out',
        path: [pascal(event.name), 'Event'],
      })),
    ];
    while (level.length > 0) level = level.flatMap((step) => this.#visit(schema, step));
  }

  /** All types that need a declaration, in the order in which they were found. */
  get all(): readonly NamedType[] {
    return this.#inOrder;
  }

  /** @throws Error for a type that no command or event uses. */
  of(type: string, direction: Direction): string {
    const name = this.#names.get(key(type, direction)) ?? this.#names.get(key(type, 'in'));
    if (name === undefined) throw new Error(`no QMP command or event uses the type ${type}`);
    return name;
  }

  #visit(schema: QmpSchema, { type, direction, path }: Step): Step[] {
    const entry = schema.type(type);
    switch (entry['meta-type']) {
      case 'array':
        return [{ type: entry['element-type'], direction, path }];
      case 'enum':
        // One enum serves both directions; each use decides whether it is open.
        if (enumValues(entry).length > 0) this.#name(type, 'in', path);
        return [];
      case 'alternate':
        if (!this.#name(type, direction, path)) return [];
        return entry.members.map((member) => ({
          type: member.type,
          direction,
          path: [...stem(path), 'Choice'],
        }));
      case 'object':
        if (isEmpty(entry) || !this.#name(type, direction, path)) return [];
        return [
          ...entry.members.map(({ name, type: memberType }) => ({
            type: memberType,
            direction,
            path: [...stem(path), pascal(name)],
          })),
          ...(entry.variants ?? []).map((variant) => ({
            type: variant.type,
            direction,
            path: [...stem(path), pascal(variant.case)],
          })),
        ];
      default:
        return [];
    }
  }

  #name(type: string, direction: Direction, path: readonly string[]): boolean {
    if (this.#names.has(key(type, direction))) return false;
    const wanted = path.join('');
    let name = wanted;
    for (let count = 2; this.#taken.has(name); count++) name = `${wanted}${count}`;
    this.#taken.add(name);
    this.#names.set(key(type, direction), name);
    this.#inOrder.push({ type, direction });
    return true;
  }
}

interface Step extends NamedType {
  readonly path: readonly string[];
}

export function isEmpty(entry: ObjectEntry): boolean {
  return entry.members.length === 0 && entry.tag === undefined;
}

/** The first type of a command is named after its role; nested types are not. */
function stem(path: readonly string[]): readonly string[] {
  const last = path.at(-1) ?? '';
  return path.length > 1 && ['Arguments', 'Result', 'Event'].includes(last) ? path.slice(0, -1) : path;
}

function key(type: string, direction: Direction): string {
  return `${direction} ${type}`;
}

/** blockdev-add → BlockdevAdd, BLOCK_JOB_READY → BlockJobReady, x86-64 → X8664. */
function pascal(name: string): string {
  return name
    .split(/[^A-Za-z0-9]+/)
    .filter((word) => word !== '')
    .map((word) => {
      const rest = word.slice(1);
      return word.charAt(0).toUpperCase() + (rest === rest.toUpperCase() ? rest.toLowerCase() : rest);
    })
    .join('');
}
