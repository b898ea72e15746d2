import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, readdirSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { expect, test } from 'vitest';
import { NoSpaceError } from '../../../../src/errors/index.ts';
import { Scope } from '../../../../src/util/scope.ts';
import { canMount, smallFileSystem } from '../../machine/small-file-system.ts';
import { digestOf, labWithFile } from './lab.ts';

const { lab, content } = await labWithFile('disk.raw', 3_000_000);

function startDownloader(path: string, to = lab.to): { child: ChildProcess; lines: AsyncIterator<string> } {
  const program = join(import.meta.dirname, '../../../../fixtures/http/downloader.ts');
  const child = spawn(
    process.execPath,
    ['--import', 'tsx', program, `${lab.server.url}/${path}`, to, lab.partials],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  );
  return { child, lines: createInterface({ input: child.stdout })[Symbol.asyncIterator]() };
}

async function next(lines: AsyncIterator<string>): Promise<string> {
  const result = await lines.next();
  return result.done === true ? 'ended' : result.value;
}

test('an interrupted download resumes', async () => {
  const path = 'stall/disk.raw?after=2000000';
  const { child, lines } = startDownloader(path);
  expect(await next(lines)).toBe('began');
  // All received bytes are being written to the file.
  const part = (): number => partSize(lab.partials);
  await expect.poll(part, { timeout: 60_000 }).toBe(2_000_000);
  child.kill('SIGKILL');
  await once(child, 'exit');
  expect(lab.left()).not.toContain('file');
  const before = lab.server.requests.length;
  const said: string[] = [];
  const file = await lab.download(path, {
    expected: digestOf(content),
    log: (sentence) => said.push(sentence),
  });
  expect(file.bytes).toBe(content.length);
  expect(lab.server.requests.slice(before).map(({ headers }) => headers.range)).toEqual(['bytes=2000000-']);
  expect(said.join()).toMatch(/resuming after 1\.9 MiB/);
  expect(lab.left()).toEqual(['file']);
});

test.each([
  ['resumes if its digest is known', digestOf(content), 'bytes=2000000-'],
  ['begins again without a digest', undefined, undefined],
])('a download from before a reboot of the host %s', async (_, expected, range) => {
  const path = 'stall/disk.raw?after=2000000';
  const { child, lines } = startDownloader(path);
  expect(await next(lines)).toBe('began');
  await expect.poll(() => partSize(lab.partials), { timeout: 60_000 }).toBe(2_000_000);
  child.kill('SIGKILL');
  await once(child, 'exit');
  const record = join(lab.partials, readdirSync(lab.partials).find((name) => name.endsWith('.json')) ?? '');
  const text = JSON.parse(readFileSync(record, 'utf8')) as object;
  writeFileSync(record, JSON.stringify({ ...text, bootId: 'another' }));
  const before = lab.server.requests.length;
  const { bytes } = await lab.download(path, { expected, limits: { idleMs: 1000 } });
  expect(bytes).toBe(content.length);
  expect(lab.server.requests[before]?.headers.range).toBe(range);
});

test('one of two processes downloads', async () => {
  const path = 'stall/disk.raw?after=2000000&two';
  const first = startDownloader(path);
  expect(await next(first.lines)).toBe('began');
  const second = startDownloader(path, join(lab.place, 'second'));
  expect(await next(second.lines)).toBe('waits');
  first.child.kill('SIGKILL');
  expect(await next(second.lines)).toBe('waited');
  await once(second.child, 'exit');
  expect(lab.server.requests.filter(({ target }) => target.includes('&two'))).toHaveLength(1);
  expect(lab.left().filter((name) => name.endsWith('.lock'))).toEqual([]);
});

test('an interrupted download is removed a week later by another download, unless it is still running', async () => {
  const age = (name: string): void => {
    const weekAgo = new Date(Date.now() - 7 * 24 * 3_600_000 - 60_000);
    utimesSync(join(lab.partials, name), weekAgo, weekAgo);
  };
  const kept = (): string[] => readdirSync(lab.partials).sort();
  const killed = startDownloader('stall/disk.raw?after=1000000&killed');
  expect(await next(killed.lines)).toBe('began');
  killed.child.kill('SIGKILL');
  await once(killed.child, 'exit');
  const ofKilled = kept();
  expect(ofKilled).toHaveLength(3);
  // The last change counts: an old download that was resumed recently stays.
  for (const name of ofKilled.filter((name) => !name.endsWith('.part'))) age(name);
  await lab.download('disk.raw');
  expect(kept()).toEqual(ofKilled);
  const slow = startDownloader('stall/disk.raw?after=1000000&slow', join(lab.place, 'slow'));
  expect(await next(slow.lines)).toBe('began');
  const ofSlow = kept().filter((name) => !ofKilled.includes(name));
  const bytes = (): number[] => ofSlow.map((name) => statSync(join(lab.partials, name)).size);
  await expect.poll(bytes, { timeout: 60_000 }).toContain(1_000_000);
  for (const name of kept()) age(name);
  await lab.download('disk.raw', { to: join(lab.place, 'again') });
  expect(kept()).toEqual(ofSlow);
  slow.child.kill('SIGKILL');
  await once(slow.child, 'exit');
});

test.runIf(canMount)(
  'lack of space is reported before the download; a disk that fills up leaves nothing',
  async () => {
    await using mounted = new Scope();
    const small = smallFileSystem(lab.place, '2m', mounted);
    const places = { to: join(small, 'file'), partials: join(small, 'partials') };
    let most = 0;
    const failing = lab.download('disk.raw', { ...places, onProgress: ({ bytes }) => (most = bytes) });
    await expect(failing).rejects.toThrow(NoSpaceError);
    await expect(failing).rejects.toThrow(/2\.9 MiB and a reserve of .* are needed/);
    expect(most).toBe(0);
    expect(readdirSync(small, { recursive: true })).toEqual(['partials']);
    // This server does not state the size.
    await expect(lab.download('endless/disk.raw', places)).rejects.toThrow(/no space left on device: /);
    expect(readdirSync(small, { recursive: true })).toEqual(['partials']);
  },
);

test.runIf(canMount)('a download on another file system is copied to the store', async () => {
  await using mounted = new Scope();
  const partials = join(smallFileSystem(lab.place, '8m', mounted), 'partials');
  const phases = new Set<string>();
  await lab.download('disk.raw', { partials, onProgress: ({ phase }) => phases.add(phase) });
  expect(readFileSync(lab.to).equals(content)).toBe(true);
  expect([...phases]).toEqual(['download', 'copy']);
  expect(readdirSync(partials)).toEqual([]);
});

function partSize(partials: string): number {
  const name = readdirSync(partials).find((entry) => entry.endsWith('.part'));
  return name === undefined ? 0 : readFileSync(join(partials, name)).length;
}
