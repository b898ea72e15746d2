import { truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { bootSectors } from '../../../../fixtures/guests/boot-sectors.ts';
import { InvalidInputError, LaunchError } from '../../../../src/errors/index.ts';
import { launch } from '../../../../src/index.ts';
import { temporaryDirectory } from '../../../directory.ts';

const directory = temporaryDirectory();

function file(name: string, contents: Uint8Array | string, bytes?: number): string {
  const path = join(directory, name);
  writeFileSync(path, contents);
  if (bytes !== undefined) truncateSync(path, bytes);
  return path;
}

async function failure(options: Parameters<typeof launch>[0]): Promise<unknown> {
  return launch({ net: 'none', accel: 'tcg', ...options }).then(
    () => undefined,
    (error: unknown) => error,
  );
}

describe('a launch whose guest’s kernel panics', () => {
  it('fails at once with the kernel’s message, and states the guest’s memory', async () => {
    const image = file('dead.raw', bootSectors.deadKernel);
    // It ends before its limit of 600 s.
    const error = await failure({ image, memory: '32M' });
    expect(error).toBeInstanceOf(LaunchError);
    const { message, hint, consoleOutput } = error as LaunchError;
    expect(message).toBe("the machine did not become ready: the guest's kernel panicked: no room");
    expect(hint).toContain('32 MiB of memory');
    expect(consoleOutput.join()).toContain('end Kernel panic');
  });

  it('gives no advice about memory if there is enough', async () => {
    const image = file('dead.raw', bootSectors.deadKernel);
    expect(((await failure({ image, memory: '512M' })) as LaunchError).hint).not.toContain('memory');
  });
});

describe('a launch with a disk that has nothing to boot', () => {
  it('fails at once, and names UEFI', async () => {
    // It ends before its limit of 600 s.
    const error = await failure({ image: file('empty.raw', '', 1024 * 1024) });
    expect(error).toBeInstanceOf(LaunchError);
    const { message, hint } = error as LaunchError;
    expect(message).toBe('the machine did not become ready: the guest rebooted');
    expect(hint).toContain('printed nothing');
    expect(hint).toContain('--firmware uefi');
  });

  it('is only as good as its boot sector: that of a disk for UEFI does nothing, until the time limit', async () => {
    const sector = Buffer.alloc(512);
    sector.writeUInt16LE(0xaa55, 510);
    const error = await failure({ image: file('uefi.raw', sector, 1024 * 1024), timeoutMs: 5000 });
    expect(error).toMatchObject({ message: 'booting the guest timed out after 5 s' });
    expect((error as LaunchError).hint).toContain('--firmware uefi');
    expect((error as LaunchError).hint).toContain('may lack the vmlet agent');
  });

  it('gives that advice only about a guest that printed nothing', async () => {
    const error = await failure({ image: file('reset.raw', bootSectors.reset) });
    expect(error).toMatchObject({ message: 'the machine did not become ready: the guest rebooted' });
    expect((error as LaunchError).hint).toBeUndefined();
  });
});

describe('a kernel that is larger than the guest’s memory', () => {
  const MiB = 1024 * 1024;
  const kernel = file('kernel', 'no kernel', 50 * MiB);
  const initrd = file('initrd', 'no initramfs', 10 * MiB);

  it('is rejected before anything starts', async () => {
    const error = await failure({ kernel, initrd, memory: '64M' });
    expect(error).toBeInstanceOf(InvalidInputError);
    expect((error as InvalidInputError).field).toBe('memory');
    expect((error as InvalidInputError).message).toContain(
      '64 MiB is too small: the kernel and its initramfs take 60 MiB, and the running kernel needs 16 MiB more',
    );
  });

  it('is accepted if it may fit', async () => {
    expect(await failure({ kernel, initrd, memory: '76M' })).toBeInstanceOf(LaunchError);
  });
});
