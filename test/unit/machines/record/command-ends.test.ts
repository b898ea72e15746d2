import { existsSync, readdirSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import {
  forgetCommandEnd,
  keepCommandEnd,
  readCommandEnd,
} from '../../../../src/machines/record/command-ends.ts';
import type { CommandEnd } from '../../../../src/machines/record/run-record.ts';
import { makeTemporaryDirectory } from '../../../directory.ts';

function makePlace() {
  const { path, remove } = makeTemporaryDirectory();
  onTestFinished(remove);
  const directory = join(path, 'state', 'command-ends');
  const age = (name: string, seconds: number): void => {
    const then = Date.now() / 1000 - seconds;
    utimesSync(join(directory, `${name}.json`), then, then);
  };
  return { place: { state: join(path, 'state') }, directory, age };
}

const exited: CommandEnd = { exitCode: 3, signal: undefined, problem: undefined };

test.each<CommandEnd>([
  exited,
  { exitCode: undefined, signal: 'SIGKILL', problem: undefined },
  { exitCode: 125, signal: undefined, problem: 'the guest ended before its command' },
])('%j is read as it was kept', (end) => {
  const { place } = makePlace();
  keepCommandEnd(place, 'job', end);
  expect(readCommandEnd(place, 'job')).toEqual(end);
  expect(readCommandEnd(place, 'other')).toBeUndefined();
});

test('the end of a later machine of the same name replaces it', () => {
  const { place, directory } = makePlace();
  keepCommandEnd(place, 'job', exited);
  keepCommandEnd(place, 'job', { ...exited, exitCode: 0 });
  expect(readCommandEnd(place, 'job')?.exitCode).toBe(0);
  expect(readdirSync(directory)).toEqual(['job.json']);
});

test('the same end of a later machine is new', () => {
  const { place, directory, age } = makePlace();
  keepCommandEnd(place, 'job', exited);
  age('job', 3500);
  keepCommandEnd(place, 'job', exited);
  expect(Date.now() - statSync(join(directory, 'job.json')).mtimeMs).toBeLessThan(600_000);
});

test('a new machine of the same name has no end yet', () => {
  const { place } = makePlace();
  forgetCommandEnd(place, 'job');
  keepCommandEnd(place, 'job', exited);
  forgetCommandEnd(place, 'job');
  expect(readCommandEnd(place, 'job')).toBeUndefined();
});

test('it is kept for an hour, also on a clock that was set back, and removed with the next one', () => {
  const { place, directory, age } = makePlace();
  for (const name of ['recent', 'old', 'future']) keepCommandEnd(place, name, exited);
  age('recent', 3500);
  age('old', 3700);
  age('future', -3700);
  expect(['recent', 'old', 'future'].map((name) => readCommandEnd(place, name)?.exitCode)).toEqual([
    3,
    undefined,
    undefined,
  ]);
  keepCommandEnd(place, 'next', exited);
  expect(readdirSync(directory).sort()).toEqual(['next.json', 'recent.json']);
});

test('a record that a power cut has emptied is none', () => {
  const { place, directory } = makePlace();
  keepCommandEnd(place, 'job', exited);
  writeFileSync(join(directory, 'job.json'), '');
  expect(readCommandEnd(place, 'job')).toBeUndefined();
  expect(existsSync(join(directory, 'job.json'))).toBe(true);
});
