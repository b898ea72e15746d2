import { describe, expect, it } from 'vitest';
import { OutputLogReader } from '../../../../src/machine/logs/output-log.ts';

const TIME = '2026-11-28T04:52:48.370966632Z';

function read(...pieces: string[]): [stream: string, text: string, time: number | undefined][] {
  const reader = new OutputLogReader();
  return pieces
    .flatMap((piece) => reader.push(Buffer.from(piece)))
    .map(({ stream, bytes, time }) => [stream, bytes.toString(), time]);
}

describe('a log of a command', () => {
  it('returns the bytes that were written', () => {
    const log = `${TIME} stdout F a line\n${TIME} stderr P  part \n${TIME} stdout F \n`;
    const time = Date.parse('2026-11-28T04:52:48.370Z');
    expect(read(log)).toEqual([
      ['stdout', 'a line\n', time],
      ['stderr', ' part ', time],
      ['stdout', '\n', time],
    ]);
  });

  it('can be read in any chunks', () => {
    const log = `${TIME} stdout F one\n${TIME} stderr F two\n`;
    expect(read(...log.split(/(?=.)/s)).map(([, text]) => text)).toEqual(['one\n', 'two\n']);
  });

  it.each(['torn', '', `${TIME} stdout`, `${TIME} other F x`, `${TIME} stdout X x`, 'then stdout F x'])(
    'returns %j, which is not in its format, unchanged',
    (line) => {
      expect(read(`${line}\n`)).toEqual([['stdout', `${line}\n`, undefined]]);
    },
  );

  it('does not buffer an endless line', () => {
    expect(read('x'.repeat(100_000), 'y\n').map(([, text]) => text.length)).toEqual([100_001, 2]);
  });
});
