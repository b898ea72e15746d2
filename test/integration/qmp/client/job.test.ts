import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeEach, expect, test } from 'vitest';
import {
  type JobProgress,
  QmpCrashedError,
  QmpJobError,
  TimedOutError,
  runJob,
} from '../../../../src/qmp/index.ts';
import { failureOf, negotiate, startQemu } from '../qemu.ts';
import { makeTemporaryDirectory } from '../../../directory.ts';

const SIZE = 8 * 1024 * 1024;
let directory: string;
beforeEach(() => {
  const made = makeTemporaryDirectory();
  directory = made.path;
  return made.remove;
});

test('creates an image, copies onto it, and leaves no job behind', async () => {
  await using qemu = startQemu();
  await using client = await negotiate(qemu);
  const filename = join(directory, 'target.qcow2');
  await writeFile(filename, '');
  await client.execute('blockdev-add', { driver: 'file', 'node-name': 'file', filename });
  await runJob(client, 'blockdev-create', { options: { driver: 'qcow2', file: 'file', size: SIZE } });
  await client.execute('blockdev-add', { driver: 'qcow2', 'node-name': 'target', file: 'file' });
  await client.execute('blockdev-add', {
    driver: 'null-co',
    'node-name': 'source',
    size: SIZE,
    'read-zeroes': true,
  });
  const progress: JobProgress[] = [];
  await runJob(
    client,
    'blockdev-mirror',
    { device: 'source', target: 'target', sync: 'full' },
    { onProgress: (one) => progress.push(one) },
  );
  expect(progress.at(-1)?.current).toBe(progress.at(-1)?.total);
  expect(progress.map(({ status }) => status)).toContain('ready');
  expect(await client.execute('query-jobs')).toEqual([]);
});

test('a failed job rejects with QEMU’s message and is dismissed', async () => {
  await using qemu = startQemu();
  await using client = await negotiate(qemu);
  await client.execute('blockdev-add', { driver: 'null-co', 'node-name': 'small', size: 512 });
  const error = await failureOf(
    runJob(client, 'blockdev-create', { options: { driver: 'qcow2', file: 'small', size: SIZE } }),
  );
  expect(error).toBeInstanceOf(QmpJobError);
  expect(await client.execute('query-jobs')).toEqual([]);
});

test('abort, time limit and an error of onProgress cancel the job; the death of QEMU is reported as such', async () => {
  await using qemu = startQemu();
  await using client = await negotiate(qemu);
  for (const name of ['source', 'target']) {
    await client.execute('blockdev-add', {
      driver: 'null-co',
      'node-name': name,
      size: 1024 ** 4,
      'read-zeroes': false,
    });
  }
  const slow = { device: 'source', target: 'target', sync: 'full', speed: 1 } as const;
  // At a change of status, and by the timer.
  for (const failing of ['running', 'later']) {
    const problem = new Error(`${failing}: no space for the progress`);
    const begin = performance.now();
    const onProgress = ({ status }: JobProgress): void => {
      if (status === failing || performance.now() - begin > 500) throw problem;
    };
    expect(await failureOf(runJob(client, 'blockdev-mirror', slow, { onProgress }))).toBe(problem);
    expect(await client.execute('query-jobs')).toEqual([]);
  }
  const abort = new AbortController();
  const reason = new Error('enough');
  const aborted = failureOf(
    runJob(client, 'blockdev-backup', slow, { signal: abort.signal, onProgress: () => abort.abort(reason) }),
  );
  expect(await aborted).toBe(reason);
  expect(await client.execute('query-jobs')).toEqual([]);
  const limited = await failureOf(runJob(client, 'blockdev-backup', slow, { timeoutMs: 50 }));
  expect(limited).toBeInstanceOf(TimedOutError);
  expect(await client.execute('query-jobs')).toEqual([]);
  const crashed = failureOf(
    runJob(client, 'blockdev-backup', slow, { onProgress: () => qemu.process.kill('SIGKILL') }),
  );
  expect(await crashed).toBeInstanceOf(QmpCrashedError);
});
