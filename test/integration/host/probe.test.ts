import { readFileSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, expect, it } from 'vitest';
import { SURVEY_VERSION } from '../../../src/host/survey/survey-version.ts';
import { BrokenQemuError, MissingProgramError } from '../../../src/errors/index.ts';
import { readCachedSurvey, writeCachedSurvey } from '../../../src/host/cache.ts';
import { probeHost, surveyHost } from '../../../src/host/probe.ts';
import { findProgram } from '../../../src/process/program.ts';
import { makeTemporaryDirectory } from '../../directory.ts';
import { awaitedLater } from '../../until.ts';

let cacheDirectory: string;
beforeEach(() => {
  const made = makeTemporaryDirectory();
  cacheDirectory = made.path;
  return made.remove;
});

let cached: Promise<string> | undefined;
/** A cache as the first probe leaves it. */
async function copyCached(file: string): Promise<void> {
  cached ??= (async () => {
    const { path, remove } = makeTemporaryDirectory();
    try {
      await surveyHost({ cacheDirectory: path });
      expect(readdirSync(path)).toEqual(['host.json']);
      return readFileSync(join(path, 'host.json'), 'utf8');
    } finally {
      remove();
    }
  })();
  writeFileSync(file, await cached);
}

it('queries QEMU and its helpers for their features', async () => {
  const host = await probeHost({ cacheDirectory });
  expect(host.qemu.path).toBe(findProgram('qemu-system-x86_64'));
  expect(host.qemu.version).toMatch(/^\d+\.\d+\.\d+$/);
  expect(host.qemu.machines).toEqual(expect.arrayContaining(['q35', 'pc']));
  expect(host.qemu.devices).toEqual(
    expect.arrayContaining(['virtio-net-pci', 'virtserialport', 'pvpanic-pci']),
  );
  expect(host.qemu.objects).toContain('memory-backend-memfd');
  expect(host.qemu.accelerators).toContain('tcg');
  expect(host.qemu.sandbox).toBe(true);
  expect(host.qemu.dataDirectories[0]).toMatch(/^\//);
  expect(host.qemu.netdevs).toContain('stream');
  expect(host.passt?.hasFd).toBe(true);
  expect(host.confinement.landlock).toMatchObject({ usable: expect.any(Boolean) as boolean });
});

it('uses its cache until a program changes', async () => {
  const file = join(cacheDirectory, 'host.json');
  await copyCached(file);
  const first = await surveyHost({ cacheDirectory });
  const [{ key }] = JSON.parse(readFileSync(file, 'utf8')) as [{ key: string }];
  const kept = { ...first, qemu: { ...first.qemu!, version: 'from the cache' } };
  writeCachedSurvey(cacheDirectory, key, kept);

  expect((await probeHost({ cacheDirectory })).qemu.version).toBe('from the cache');
  expect((await probeHost({ cacheDirectory, refresh: true })).qemu.version).toBe(first.qemu?.version);
  const other = join(cacheDirectory, 'another-qemu');
  symlinkSync(findProgram('qemu-system-x86_64')!, other);
  writeCachedSurvey(cacheDirectory, key, kept);
  expect((await probeHost({ cacheDirectory, qemu: other })).qemu.path).toBe(other);
});

it('is probed once for callers at the same time, of which one may be aborted', async () => {
  const abort = new AbortController();
  const aborted = surveyHost({ cacheDirectory, signal: abort.signal });
  const others = awaitedLater(Promise.all([surveyHost({ cacheDirectory }), surveyHost({ cacheDirectory })]));
  abort.abort(new Error('changed my mind'));
  await expect(aborted).rejects.toThrow('changed my mind');
  const [first, second] = await others;
  // The same object, which no second probe returns.
  expect(second).toBe(first);
});

it('rejects a cache whose contents do not match its key', async () => {
  const file = join(cacheDirectory, 'host.json');
  await copyCached(file);
  const { qemu } = await surveyHost({ cacheDirectory });
  const written = readFileSync(file, 'utf8');
  const [parsed] = JSON.parse(written) as [{ key: string; digest: string; survey: { qemu: object } }];
  for (const text of [
    written.replace(qemu!.version, 'edited'),
    JSON.stringify([{ key: parsed.key, survey: parsed.survey }]),
    JSON.stringify([{ ...parsed, survey: { qemu: {} } }]),
    JSON.stringify([{ key: parsed.key, digest: parsed.digest }]),
  ]) {
    expect(text).not.toBe(written);
    writeFileSync(file, text);
    expect(readCachedSurvey(cacheDirectory, parsed.key)).toBeUndefined();
  }
  expect((await surveyHost({ cacheDirectory })).qemu).toEqual(qemu);
  expect(readCachedSurvey(cacheDirectory, parsed.key)).toMatchObject({ qemu });
});

it('probes again if the cache is garbage, and works without a writable cache', async () => {
  const file = join(cacheDirectory, 'host.json');
  writeFileSync(file, '[{"key": "');
  await expect(probeHost({ cacheDirectory })).resolves.toHaveProperty('version', SURVEY_VERSION);
  await expect(probeHost({ cacheDirectory: join(file, 'below-a-file') })).resolves.toHaveProperty(
    'version',
    SURVEY_VERSION,
  );
});

it('reports that QEMU is missing or does not start, with its output', async () => {
  await expect(probeHost({ cacheDirectory, qemu: 'qemu-system-none' })).rejects.toThrow(MissingProgramError);
  await expect(surveyHost({ cacheDirectory, qemu: 'qemu-system-none' })).resolves.not.toHaveProperty('qemu');
  const broken = join(cacheDirectory, 'broken-qemu');
  writeFileSync(broken, '#!/bin/sh\necho "libnothing.so: cannot open" >&2\nexit 127\n', { mode: 0o755 });
  const refusal = probeHost({ cacheDirectory, qemu: broken });
  await expect(refusal).rejects.toThrow(BrokenQemuError);
  await expect(refusal).rejects.toThrow('libnothing.so: cannot open');
});

it('stops on abort with its reason', async () => {
  const abort = new AbortController();
  const probe = probeHost({ cacheDirectory, signal: abort.signal });
  abort.abort(new Error('changed my mind'));
  await expect(probe).rejects.toThrow('changed my mind');
  expect(readdirSync(cacheDirectory)).toEqual([]);
});
