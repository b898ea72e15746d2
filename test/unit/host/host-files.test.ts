import { chmodSync, readdirSync, renameSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import {
  type HostPrograms,
  readCachedSurvey,
  surveyKey,
  writeCachedSurvey,
} from '../../../src/host/cache.ts';
import type { Survey } from '../../../src/host/survey/host.ts';
import { SURVEY_VERSION } from '../../../src/host/survey/survey-version.ts';
import { findKvmDeviceProblem } from '../../../src/host/kvm/kvm-device.ts';
import { inspectSurroundings } from '../../../src/host/findings/surroundings.ts';
import { everyLayer } from '../process/confine/abilities.ts';
import { makeTemporaryDirectory } from '../../directory.ts';

let directory: string;
beforeEach(() => {
  const made = makeTemporaryDirectory();
  directory = made.path;
  return made.remove;
});

describe('the cache', () => {
  const survey: Survey = {
    version: SURVEY_VERSION,
    confinement: everyLayer,
    accelerator: { kvm: { usable: true, cpu: 'host', level: 'x86-64-v3' } },
  };

  it('returns what was written under the same key, and leaves one file', () => {
    const cacheDirectory = join(directory, 'new', 'cache');
    expect(readCachedSurvey(cacheDirectory, 'key')).toBeUndefined();
    writeCachedSurvey(cacheDirectory, 'key', survey);
    expect(readCachedSurvey(cacheDirectory, 'key')).toEqual(survey);
    expect(readCachedSurvey(cacheDirectory, 'other key')).toBeUndefined();
    expect(readdirSync(cacheDirectory)).toEqual(['host.json']);
  });

  it('keeps the surveys of the last four keys', () => {
    for (const key of ['a', 'b', 'a', 'c', 'd', 'e']) {
      writeCachedSurvey(directory, key, { ...survey, qemuProblem: key });
    }
    const read = ['a', 'b', 'c', 'd', 'e'].map((key) => readCachedSurvey(directory, key)?.qemuProblem);
    expect(read).toEqual(['a', undefined, 'c', 'd', 'e']);
  });

  it.each(['', '{', 'null', '[]', '[null, 1, "key"]', '{"key":"key"}', '[{"key":"key2"}]'])(
    'is empty if it contains %j',
    (content) => {
      writeFileSync(join(directory, 'host.json'), content);
      expect(readCachedSurvey(directory, 'key')).toBeUndefined();
    },
  );

  it('is rejected if another user could have written it, or if it is a link', () => {
    writeCachedSurvey(directory, 'key', survey);
    const file = join(directory, 'host.json');
    chmodSync(file, 0o620);
    expect(readCachedSurvey(directory, 'key')).toBeUndefined();
    chmodSync(file, 0o644);
    expect(readCachedSurvey(directory, 'key')).toEqual(survey);
    renameSync(file, join(directory, 'elsewhere'));
    symlinkSync('elsewhere', file);
    expect(readCachedSurvey(directory, 'key')).toBeUndefined();
  });

  it('has a key that changes with each program’s time, size or absence', () => {
    const qemu = join(directory, 'qemu');
    writeFileSync(qemu, 'old');
    utimesSync(qemu, 1000, 1000);
    const none = { qemuImg: undefined, passt: undefined, virtiofsd: undefined, confine: '/vmlet-confine' };
    const programs: HostPrograms = { qemu, ...none };
    const keys = [surveyKey(programs)];
    expect(surveyKey(programs)).toBe(keys[0]);
    utimesSync(qemu, 2000, 2000);
    keys.push(surveyKey(programs));
    writeFileSync(qemu, 'newer');
    utimesSync(qemu, 2000, 2000);
    keys.push(
      surveyKey(programs),
      surveyKey({ ...programs, passt: qemu }),
      surveyKey({ ...none, qemu: undefined }),
    );
    expect(new Set(keys).size).toBe(keys.length);
  });
});

describe('the KVM device', () => {
  it('has no problem if it opens for reading and writing', () => {
    const device = join(directory, 'kvm');
    writeFileSync(device, '');
    expect(findKvmDeviceProblem(device)).toBeUndefined();
  });

  it('is missing', () => {
    const problem = findKvmDeviceProblem(join(directory, 'kvm'));
    expect(problem?.reason).toMatch(/kvm does not exist$/);
    expect(problem?.hint).toMatch(/modprobe kvm_|virtualization/);
  });

  it.skipIf(process.getuid?.() === 0)('may not be opened by this user', () => {
    const device = join(directory, 'kvm');
    writeFileSync(device, '');
    chmodSync(device, 0o000);
    const problem = findKvmDeviceProblem(device);
    expect(problem?.reason).toMatch(/has no permission to open/);
    expect(problem?.hint).toMatch(/usermod -aG|setfacl -m/);
  });

  it('is not a device', () => {
    expect(findKvmDeviceProblem(directory)?.reason).toMatch(/^cannot open .* \(EISDIR\)$/);
  });
});

describe('the surroundings', () => {
  const keptGuests = { bytes: 1024 ** 3, bytesFrom: undefined, days: 7, daysFrom: undefined };
  it.each([
    ['ID=debian\n', 'apt'],
    ['NAME="x"\nID=linuxmint\nID_LIKE="ubuntu debian"\n', 'apt'],
    ['ID=fedora', 'dnf'],
    ['ID="rocky"\nID_LIKE="rhel centos fedora"\n', 'dnf'],
    ['ID=alpine\n', undefined],
    ['', undefined],
  ])('map %j to %s', (osRelease, packageManager) => {
    const found = inspectSurroundings({
      runtimeDirectory: '/r',
      dataDirectory: '/',
      cacheDirectory: '/',
      keptGuests,
      uefi: { path: '/OVMF_CODE.fd' },
      osRelease,
    });
    expect(found.packageManager).toBe(packageManager);
  });

  it('include the free space of a directory that does not exist yet', () => {
    const dataDirectory = join(directory, 'not', 'there', 'yet');
    const found = inspectSurroundings({
      runtimeDirectory: '/r',
      dataDirectory,
      cacheDirectory: '/proc/self',
      keptGuests,
      uefi: { path: '/OVMF_CODE.fd' },
    });
    expect(found.dataDirectory.freeBytes).toBeGreaterThan(0);
    expect(found.cacheDirectory).toEqual({ path: '/proc/self', freeBytes: 0, isOnNetwork: false });
  });
});
