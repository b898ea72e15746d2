import { describe, expect, it } from 'vitest';
import { refuseUndecodable, refuseUndecodableVariable } from '../../../../src/cli/flags/undecodable.ts';

const LATIN_1 = Buffer.from([0x63, 0x61, 0x66, 0xe9]);
const list = (...strings: readonly (string | Buffer)[]): Buffer =>
  Buffer.concat(strings.flatMap((one) => [Buffer.from(one), Buffer.of(0)]));

describe('a word of the command line', () => {
  const started = (...words: readonly (string | Buffer)[]) =>
    refuseUndecodable(words.map(String), () => list('node', '/vmlet.js', ...words));

  it('is rejected if it is not UTF-8', () => {
    expect(() => started('exec', 'm', '\ufffd', '', LATIN_1)).toThrow(
      'argument: "caf\ufffd" is not valid UTF-8',
    );
  });

  it('may have the character that Node uses for such bytes', () => {
    expect(() => started('exec', 'm', 'caf\ufffd')).not.toThrow();
    expect(() => refuseUndecodable(['\ufffd'], () => list(LATIN_1, '\ufffd'))).not.toThrow();
  });

  it('is not looked at without that character', () => {
    expect(() => refuseUndecodable(['é'], () => LATIN_1)).not.toThrow();
  });
});

describe('a variable', () => {
  const copied = (value: string, ...environment: readonly (string | Buffer)[]) =>
    refuseUndecodableVariable('A', value, () => list(...environment));

  it('is rejected if it is not UTF-8', () => {
    const setting = Buffer.concat([Buffer.from('A='), LATIN_1]);
    expect(() => copied('caf\ufffd', 'AA=1', setting)).toThrow('env: "A=caf\ufffd" is not valid UTF-8');
  });

  it('may have the character that Node uses for such bytes, also beside such a variable', () => {
    expect(() => copied('\ufffd', Buffer.concat([Buffer.from('AA='), LATIN_1]), 'A=\ufffd')).not.toThrow();
  });
});
