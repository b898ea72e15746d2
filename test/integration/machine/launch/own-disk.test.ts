import { execFileSync, spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { bootSectors } from '../../../../fixtures/guests/boot-sectors.ts';
import { ImageLockedError } from '../../../../src/errors/index.ts';
import { launch } from '../../../../src/index.ts';
import { temporaryDirectory } from '../../../directory.ts';

const directory = temporaryDirectory();
const at = (name: string): string => join(directory, name);
const image = at('hang.raw');
writeFileSync(image, bootSectors.hang);
const options = { image, until: 'running', net: 'none', memory: '32M', accel: 'tcg' } as const;

const MiB = 1024 ** 2;

describe('the overlay of a launch', () => {
  it('is as large as its base', async () => {
    execFileSync('qemu-img', [
      'create',
      '-q',
      '-f',
      'qcow2',
      '-F',
      'raw',
      '-b',
      image,
      at('top.qcow2'),
      '3M',
    ]);
    const top = `${at('top.qcow2')},trusted`;
    await using machine = await launch({ ...options, disks: [top, `${top},readonly`, '5M'] });
    const nodes = await machine.qmp.execute('query-named-block-nodes', { flat: true });
    const sizes = nodes
      .filter((node) => /^disk\d$/.test(node['node-name'] ?? ''))
      .map((node) => [node['node-name'], node.image['virtual-size'], node.ro]);
    expect(sizes.sort()).toEqual([
      ['disk0', MiB, false],
      ['disk1', 3 * MiB, false],
      ['disk2', 3 * MiB, true],
      ['disk3', 5 * MiB, false],
    ]);
  });

  it('is not created if another process writes to its base', async () => {
    const holder = spawn('qemu-io', ['-f', 'raw', image], { stdio: ['pipe', 'pipe', 'ignore'] });
    try {
      // Its prompt appears when the image is open.
      await new Promise((resolve) => holder.stdout.once('data', resolve));
      const error: unknown = await launch(options).catch((caught: unknown) => caught);
      expect(error).toBeInstanceOf(ImageLockedError);
      expect(error).toMatchObject({ path: image, holders: [`qemu-io (pid ${holder.pid})`] });
    } finally {
      const closed = new Promise((resolve) => holder.once('close', resolve));
      holder.stdin.end();
      await closed;
    }
  });
});
