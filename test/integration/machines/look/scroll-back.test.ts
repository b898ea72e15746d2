import { appendFileSync, renameSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import { once } from 'node:events';
import { beforeEach, describe, expect, it } from 'vitest';
import { OutputAfterScrollBack } from '../../../../src/machines/look/scroll-back.ts';
import { temporaryDirectory } from '../../../directory.ts';

const directory = temporaryDirectory();
const [serialLog, serialSocket] = [join(directory, 'serial.log'), join(directory, 'serial.sock')];

const shown: string[] = [];
const destination = (): Writable =>
  new Writable({
    write(chunk: Buffer, _, done) {
      shown.push(`output ${chunk.toString()}`);
      done();
    },
  });
const output = (lines?: number): OutputAfterScrollBack =>
  new OutputAfterScrollBack(
    destination(),
    { serialLog, serialSocket },
    lines === undefined ? undefined : { lines, show: (bytes) => void shown.push(`log ${bytes.toString()}`) },
  );
const inode = (): string => String(statSync(serialLog, { bigint: true }).ino);
async function written(to: OutputAfterScrollBack, ...chunks: string[]): Promise<string[]> {
  for (const chunk of chunks) to.write(chunk);
  to.end();
  await once(to, 'close');
  return shown;
}

beforeEach(() => {
  shown.length = 0;
  writeFileSync(`${serialLog}.1`, 'one\ntwo\n');
  writeFileSync(serialLog, 'three\nfour\n');
});

describe('the output of a console after the lines of its log', () => {
  it('begins at the position of the first line, which may come in pieces', async () => {
    const to = output(2);
    appendFileSync(serialLog, 'fi');
    const position = `${inode()} ${statSync(serialLog).size}\n`;
    appendFileSync(serialLog, 've\nsix\n');
    expect(await written(to, position.slice(0, 3), position.slice(3), 've\n', 'six\n')).toEqual([
      'log four\nfi',
      'output ve\n',
      'output six\n',
    ]);
  });

  it('begins in a file that was set aside since, of which the lines before are shown', async () => {
    const to = output(3);
    const position = `${inode()} ${statSync(serialLog).size}\n`;
    renameSync(serialLog, `${serialLog}.1`);
    writeFileSync(serialLog, 'later\n');
    expect(await written(to, `${position}later\n`)).toEqual(['log two\nthree\nfour\n', 'output later\n']);
  });

  it('begins in a file that was created since', async () => {
    const to = output(2);
    renameSync(serialLog, `${serialLog}.1`);
    writeFileSync(serialLog, 'five\n');
    expect(await written(to, `${inode()} 5\n`)).toEqual(['log four\nfive\n']);
  });

  it('has no lines of the log if none are wanted, or if its file is gone', async () => {
    expect(await written(output(), `${inode()} 6\nfour\n`)).toEqual(['output four\n']);
    shown.length = 0;
    expect(await written(output(0), `${inode()} 6\nfour\n`)).toEqual(['output four\n']);
    shown.length = 0;
    expect(await written(output(9), '1 6\nfour\n')).toEqual(['output four\n']);
  });

  it.each(['no position\n', 'x'.repeat(100)])('fails without a position: %j', async (first) => {
    const to = output(9);
    to.write(first);
    const [error] = (await once(to, 'error')) as [Error];
    expect(error.message).toMatch(/^cannot connect to .*serial\.sock: expected a position in the log, got "/);
    expect(shown).toEqual([]);
  });
});
