import { describe, expect, test } from 'vitest';
import { Random } from '../../../../fixtures/agent/random.ts';
import { FieldWriter, Operation, Tag, fieldText, readFields } from '../../../../src/guest/agent/fields.ts';

describe('fields', () => {
  test('are decoded as they were encoded', () => {
    const body = new FieldWriter(Operation.push)
      .text(Tag.path, '/tmp/ä')
      .u32(Tag.mode, 0o755)
      .u64(Tag.mtime, 1n << 60n)
      .toBuffer();
    const fields = readFields(body);
    expect(fields?.get(Tag.operation)).toEqual(Buffer.from([Operation.push]));
    expect(fieldText(fields?.get(Tag.path))).toBe('/tmp/ä');
    expect(fields?.get(Tag.mode)?.readUInt32LE(0)).toBe(0o755);
    expect(fields?.get(Tag.mtime)?.readBigUInt64LE(0)).toBe(1n << 60n);
  });

  test('have the layout that PROTOCOL.md describes', () => {
    expect(new FieldWriter(Operation.exec).text(Tag.argument, 'ls').toBuffer().toString('hex')).toBe(
      '01010000' + '01' + '02030000' + '6c7300',
    );
  });

  test('that are truncated or invalid are rejected', () => {
    const body = new FieldWriter(Operation.push).text(Tag.path, '/tmp').toBuffer();
    for (const length of [1, 2, 3, 4, 6, 8, body.length - 1]) {
      expect(readFields(body.subarray(0, length)), `${length} bytes`).toBeUndefined();
    }
    expect(readFields(Buffer.concat([body, Buffer.alloc(8)]))).toBeUndefined();
    // One header more, of a field without content.
    expect(readFields(Buffer.concat([body, Buffer.from([9, 0, 0, 0])]))?.get(9)).toEqual(Buffer.alloc(0));
    expect(readFields(Buffer.concat([body, Buffer.from([9, 1, 0, 0])]))).toBeUndefined();
    expect(readFields(Buffer.concat([body, Buffer.alloc(4)]))).toBeUndefined();
  });

  test('with the same tag: the last one wins, also if it is empty', () => {
    const body = new FieldWriter(Operation.exec)
      .text(Tag.argument, 'first')
      .text(Tag.argument, 'last')
      .bytes(Tag.entropy, Buffer.alloc(0))
      .toBuffer();
    const fields = readFields(body);
    expect(fieldText(fields?.get(Tag.argument))).toBe('last');
    expect(fields?.get(Tag.entropy)).toEqual(Buffer.alloc(0));
    expect(fieldText(fields?.get(Tag.path))).toBeUndefined();
  });

  test('can be longer than 64 KiB, or empty', () => {
    const long = Buffer.alloc(70_000, 'x');
    const body = new FieldWriter(Operation.push).bytes(Tag.entropy, long).toBuffer();
    expect(readFields(body)?.get(Tag.entropy)).toEqual(long);
    expect(readFields(Buffer.alloc(0))?.size).toBe(0);
  });

  test('never crash on random bytes', () => {
    const random = new Random(3);
    for (let round = 0; round < 2000; round += 1) {
      const fields = readFields(random.bytes(random.below(40)));
      if (fields) expect([...fields.keys()]).not.toContain(0);
    }
  });
});
