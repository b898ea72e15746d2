import { chmodSync, mkdirSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ImageRefusedError, PermissionError } from '../../../../src/errors/index.ts';
import { launch } from '../../../../src/index.ts';
import { claimDirectory, sweepDeadOwners } from '../../../../src/machine/paths/runtime-directory.ts';
import { currentBootId, identifyProcess } from '../../../../src/process/procfs/identity.ts';
import { run } from '../../../../src/process/run.ts';
import { Scope } from '../../../../src/util/scope.ts';
import { temporaryDirectory } from '../../../directory.ts';

const directory = temporaryDirectory();

async function refusal(options: Parameters<typeof launch>[0]): Promise<ImageRefusedError> {
  const error: unknown = await launch({ ...options, net: 'none' }).catch((caught: unknown) => caught);
  expect(error).toBeInstanceOf(ImageRefusedError);
  return error as ImageRefusedError;
}

describe('a disk file that refers to another file', () => {
  const victim = join(directory, 'victim');
  writeFileSync(victim, Buffer.alloc(1024 * 1024));

  it('is rejected for its backing file', async () => {
    const disk = join(directory, 'overlay.qcow2');
    await run(['qemu-img', 'create', '-q', '-f', 'qcow2', '-F', 'raw', '-b', victim, disk]);
    const error = await refusal({ disks: [disk] });
    expect(error.message).toContain(`takes data from another file: ${victim}`);
    expect(error.field).toBe('disks[0]');
    expect((await refusal({ image: disk })).field).toBe('image');
  });

  it('is rejected for its external data file', async () => {
    const disk = join(directory, 'external.qcow2');
    const data = join(directory, 'external.raw');
    await run(['qemu-img', 'create', '-q', '-f', 'qcow2', '-o', `data_file=${data}`, disk, '1M']);
    expect((await refusal({ disks: [disk] })).message).toContain('takes data from another file');
  });

  it('cannot have one format opened as another', async () => {
    const disk = join(directory, 'raw.qcow2');
    writeFileSync(disk, Buffer.alloc(1024 * 1024));
    await expect(launch({ disks: [disk], net: 'none' })).rejects.toThrow(/qcow2/);
  });
});

describe('the runtime directory', () => {
  it('is rejected if other users may enter it', async () => {
    const open = join(directory, 'open');
    mkdirSync(open);
    chmodSync(open, 0o755);
    await using scope = new Scope();
    expect(() => claimDirectory(open, scope)).toThrow(PermissionError);
  });

  it('is rejected if it is a symbolic link', async () => {
    const target = join(directory, 'target');
    mkdirSync(target, { mode: 0o700 });
    const link = join(directory, 'link');
    symlinkSync(target, link);
    await using scope = new Scope();
    expect(() => claimDirectory(link, scope)).toThrow(PermissionError);
  });

  it('is rejected if other users could replace it', async () => {
    const shared = join(directory, 'shared');
    mkdirSync(shared);
    chmodSync(shared, 0o777);
    await using scope = new Scope();
    expect(() => claimDirectory(join(shared, 'vmlet'), scope)).toThrow(PermissionError);
    // Like the temporary directory.
    chmodSync(shared, 0o1777);
    expect(claimDirectory(join(shared, 'vmlet'), scope)).toContain(shared);
  });

  it('deletes nothing through a link, or in a directory that others can write to', () => {
    const aim = join(directory, 'aim');
    const dead = `00000000-${process.pid}-1-abcdef`;
    mkdirSync(join(aim, dead), { recursive: true, mode: 0o700 });
    const link = join(directory, 'link-to-aim');
    symlinkSync(aim, link);
    sweepDeadOwners(link);
    chmodSync(aim, 0o777);
    sweepDeadOwners(aim);
    expect(readdirSync(aim)).toEqual([dead]);
    chmodSync(aim, 0o700);
    sweepDeadOwners(aim);
    expect(readdirSync(aim)).toEqual([]);
  });

  it('loses the files of dead owners, and keeps those of living owners and foreign files', async () => {
    const runtime = join(directory, 'runtime');
    await using scope = new Scope();
    const own = claimDirectory(runtime, scope);
    const self = identifyProcess(process.pid);
    const boot = currentBootId().slice(0, 8);
    const dead = `${boot}-${process.pid}-${(self?.startTime ?? 0) - 1}-abcdef`;
    const otherBoot = `00000000-${process.pid}-${self?.startTime ?? 0}-abcdef`;
    for (const name of [dead, otherBoot, 'something-else']) mkdirSync(join(runtime, name));
    sweepDeadOwners(runtime);
    expect(readdirSync(runtime).sort()).toEqual([own.slice(runtime.length + 1), 'something-else'].sort());
    await scope.close();
    expect(readdirSync(runtime)).toEqual(['something-else']);
  });
});
