import { describe, expect, it } from 'vitest';
import { withoutSignature } from '../../../../src/images/micro/module-signature.ts';

const MARK = '~Module signature appended~\n';

function signed(module: Buffer, signature: Buffer, length = signature.length): Buffer {
  const descriptor = Buffer.alloc(12);
  descriptor.writeUInt32BE(length, 8);
  return Buffer.concat([module, signature, descriptor, Buffer.from(MARK)]);
}

describe('withoutSignature', () => {
  const module = Buffer.from('\x7fELF and the rest of it', 'latin1');

  it('returns the signed contents', () => {
    expect(withoutSignature(signed(module, Buffer.alloc(300, 0xa5)))).toEqual(module);
  });

  it.each([
    ['no signature', module],
    ['only the mark', Buffer.from(MARK)],
    ['nothing', Buffer.alloc(0)],
    ['a length that reaches beyond its beginning', signed(module, Buffer.alloc(8), 0xffffffff)],
  ])('returns a file with %s unchanged', (_what, file) => {
    expect(withoutSignature(file)).toEqual(file);
  });
});
