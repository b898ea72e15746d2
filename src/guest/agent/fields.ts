/** Bodies of requests and replies: lists of tag, length and value. Pure. */

export const Operation = {
  exec: 1,
  push: 2,
  pull: 3,
  configure: 4,
  sync: 5,
  powerOff: 6,
  reboot: 7,
  connect: 8,
  release: 9,
} as const;

export const Tag = {
  operation: 1,
  argument: 2,
  environment: 3,
  directory: 4,
  user: 5,
  flags: 6,
  terminal: 7,
  path: 8,
  mode: 9,
  mtime: 10,
  hostname: 11,
  module: 12,
  link: 13,
  address: 14,
  gateway: 15,
  nameServer: 16,
  search: 17,
  mtu: 18,
  time: 19,
  entropy: 20,
  pid: 21,
  size: 22,
  errno: 23,
  phase: 24,
  subject: 25,
  machineId: 26,
  newHardwareAddress: 27,
  mount: 28,
  port: 29,
  hosts: 30,
  hostRoot: 31,
} as const;

export const ExecFlag = { clearEnvironment: 1, input: 2, terminal: 4 } as const;
export const PushFlag = { parents: 1 } as const;
export const MountFlag = { readOnly: 1, fresh: 2, disk: 4, memory: 8 } as const;

/** The phase in which an operation failed. */
export const Phase = {
  request: 1,
  resources: 2,
  user: 3,
  directory: 4,
  exec: 5,
  file: 6,
  module: 7,
  network: 8,
  system: 9,
  mount: 10,
} as const;
export type PhaseName = keyof typeof Phase;

const FIELD_HEADER = 4;

/** Builds a request's body. Text is UTF-8 and must not contain a NUL. */
export class FieldWriter {
  readonly #parts: Buffer[] = [];

  constructor(operation: number) {
    this.bytes(Tag.operation, Buffer.from([operation]));
  }

  bytes(tag: number, value: Uint8Array): this {
    const header = Buffer.alloc(FIELD_HEADER);
    header.writeUInt8(tag, 0);
    header.writeUIntLE(value.length, 1, 3);
    this.#parts.push(header, Buffer.from(value));
    return this;
  }

  text(tag: number, value: string): this {
    return this.bytes(tag, Buffer.from(`${value}\0`, 'utf8'));
  }

  u32(tag: number, value: number): this {
    const number = Buffer.alloc(4);
    number.writeUInt32LE(value);
    return this.bytes(tag, number);
  }

  u64(tag: number, value: bigint): this {
    const number = Buffer.alloc(8);
    number.writeBigUInt64LE(value);
    return this.bytes(tag, number);
  }

  toBuffer(): Buffer {
    return Buffer.concat(this.#parts);
  }
}

/** Reads the values of a body by tag; later ones win. Undefined when the bytes are not a list of fields. */
export function readFields(body: Buffer): ReadonlyMap<number, Buffer> | undefined {
  const fields = new Map<number, Buffer>();
  let offset = 0;
  while (offset < body.length) {
    if (body.length - offset < FIELD_HEADER) return undefined;
    const tag = body.readUInt8(offset);
    const end = offset + FIELD_HEADER + body.readUIntLE(offset + 1, 3);
    if (tag === 0 || end > body.length) return undefined;
    fields.set(tag, body.subarray(offset + FIELD_HEADER, end));
    offset = end;
  }
  return fields;
}

/** Returns the text of a field: UTF-8 up to its terminating NUL. */
export function fieldText(value: Buffer | undefined): string | undefined {
  return value?.subarray(0, -1).toString('utf8');
}
