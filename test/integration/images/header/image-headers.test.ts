import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import * as z from 'zod';
import { fuzz, soundImages } from '../../../../fixtures/images/hostile/fuzz.ts';
import { askQemu } from '../../../../fixtures/images/hostile/qemu-opinion.ts';
import { ImageRefusedError } from '../../../../src/errors/index.ts';
import { acceptForeignImage, acceptImage } from '../../../../src/images/header/accept.ts';
import { convertDisk } from '../../../../src/images/qemu-img/qemu-img.ts';
import { run } from '../../../../src/process/run.ts';
import { temporaryDirectory } from '../../../directory.ts';

/** An image created by qemu-img, our verdict, and qemu-img’s description. */

const foreign = { format: undefined, field: 'image', from: 'a stranger' };
const directory = temporaryDirectory();
const at = (name: string): string => join(directory, name);
const MiB = 1024 ** 2;
const sample = at('sample');
const SAMPLE_BYTES = 4 * MiB;

beforeAll(() => {
  const content = Buffer.alloc(SAMPLE_BYTES);
  content.fill('boots', 0, 300_000);
  content.fill('the end', 3 * MiB, 3 * MiB + 70_000);
  writeFileSync(sample, content);
});

const infoSchema = z.object({
  format: z.string(),
  'virtual-size': z.number(),
  'backing-filename': z.string().optional(),
  'backing-filename-format': z.string().optional(),
  encrypted: z.boolean().optional(),
  snapshots: z.array(z.unknown()).optional(),
  'format-specific': z
    .looseObject({ data: z.looseObject({ 'data-file': z.string().optional() }) })
    .optional(),
  /** Not reported by qemu-img of QEMU 7.2. */
  children: z.array(z.looseObject({ name: z.string() })).default([{ name: 'file' }]),
});

async function qemuImg(...args: readonly string[]): Promise<Buffer> {
  return (await run(['qemu-img', ...args], { cwd: directory })).stdout;
}

async function infoOf(name: string, format?: string): Promise<z.output<typeof infoSchema>> {
  const said = format === undefined ? [] : ['-f', format];
  return infoSchema.parse(JSON.parse((await qemuImg('info', '--output=json', ...said, name)).toString()));
}

/** The same content in another format, by `qemu-img convert`. */
const converted = (format: string, options: readonly string[] = [], flags: readonly string[] = []) => {
  return async (name: string): Promise<void> => {
    const values = options.flatMap((option) => ['-o', option]);
    await qemuImg('convert', ...flags, '-f', 'raw', '-O', format, ...values, sample, name);
  };
};
const created = (format: string, options: readonly string[], size: string, flags: readonly string[] = []) => {
  return async (name: string): Promise<void> => {
    const values = options.flatMap((option) => ['-o', option]);
    await qemuImg('create', '-q', '-f', format, ...flags, ...values, name, size);
  };
};

async function expectRefusal(attempt: Promise<unknown>, reason: string): Promise<void> {
  const error: unknown = await attempt.catch((caught: unknown) => caught);
  expect(error).toBeInstanceOf(ImageRefusedError);
  expect((error as ImageRefusedError).reasons).toContainEqual(expect.stringContaining(reason));
}

const COMPRESSED = ['-c'];
const ready: readonly (readonly [name: string, make: (name: string) => Promise<void>])[] = [
  ['v2.qcow2', converted('qcow2', ['compat=0.10'])],
  ['v3.qcow2', converted('qcow2')],
  ['lazy.qcow2', converted('qcow2', ['lazy_refcounts=on'])],
  ['clusters-512.qcow2', converted('qcow2', ['cluster_size=512'])],
  ['clusters-2m.qcow2', converted('qcow2', ['cluster_size=2M'])],
  ['subclusters.qcow2', converted('qcow2', ['extended_l2=on', 'cluster_size=16k'])],
  ['refcounts-1.qcow2', converted('qcow2', ['refcount_bits=1'])],
  ['refcounts-64.qcow2', converted('qcow2', ['refcount_bits=64'])],
  ['zlib.qcow2', converted('qcow2', [], COMPRESSED)],
  ['zstd.qcow2', converted('qcow2', ['compression_type=zstd'], COMPRESSED)],
  ['zlib-v2.qcow2', converted('qcow2', ['compat=0.10'], COMPRESSED)],
  ['metadata.qcow2', converted('qcow2', ['preallocation=metadata'])],
  ['full.qcow2', converted('qcow2', ['preallocation=full'])],
  ['one-sector.qcow2', created('qcow2', [], '512')],
  ['32-tib.qcow2', created('qcow2', [], '32T')],
  ['odd-sized-table.qcow2', created('qcow2', ['cluster_size=64k'], '1000M')],
  [
    'snapshots.qcow2',
    async (name) => {
      await converted('qcow2')(name);
      for (const snapshot of ['first', 'a second with a long name']) {
        await qemuImg('snapshot', '-c', snapshot, name);
      }
    },
  ],
  [
    'bitmaps.qcow2',
    async (name) => {
      await converted('qcow2')(name);
      await qemuImg('bitmap', '--add', name, 'backup');
      await qemuImg('bitmap', '--add', '--disable', name, 'another');
    },
  ],
  ['sample.raw', converted('raw')],
  ['empty.raw', created('raw', [], '10G')],
];

const convertible: typeof ready = [
  ['sparse.vmdk', converted('vmdk')],
  ['compat6.vmdk', converted('vmdk', ['compat6=on'])],
  ['lsilogic.vmdk', converted('vmdk', ['adapter_type=lsilogic', 'hwversion=17'])],
  ['zeroed.vmdk', converted('vmdk', ['zeroed_grain=on'])],
  ['stream.vmdk', converted('vmdk', ['subformat=streamOptimized'])],
  ['empty.vmdk', created('vmdk', [], '1T')],
  ['dynamic.vdi', converted('vdi')],
  ['static.vdi', converted('vdi', ['static=on'])],
  ['empty.vdi', created('vdi', [], '1T')],
  ['dynamic.vhd', converted('vpc')],
  ['dynamic-true-size.vhd', converted('vpc', ['force_size=on'])],
  ['fixed.vhd', converted('vpc', ['subformat=fixed'])],
  ['fixed-true-size.vhd', converted('vpc', ['subformat=fixed', 'force_size=on'])],
  ['large.vhd', created('vpc', [], '1T')],
  ['dynamic.vhdx', converted('vhdx')],
  ['fixed.vhdx', converted('vhdx', ['subformat=fixed'])],
  ['blocks.vhdx', converted('vhdx', ['block_size=1M', 'log_size=2M', 'block_state_zero=off'])],
  ['large.vhdx', created('vhdx', [], '4T')],
  ['plain.qed', converted('qed')],
  ['clusters.qed', converted('qed', ['cluster_size=4096', 'table_size=2'])],
];

describe('an image created by qemu-img', () => {
  it.each(ready)('%s is accepted for a guest', async (name, make) => {
    await make(name);
    const format = name.endsWith('.raw') ? 'raw' : 'qcow2';
    const info = await infoOf(name, format);
    for (const image of [
      await acceptImage(at(name), { format, field: 'image' }),
      await acceptForeignImage(at(name), foreign),
    ]) {
      expect(image.format).toBe(info.format);
      expect(image.virtualBytes).toBe(info['virtual-size']);
      expect(image.header.snapshots).toBe(info.snapshots?.length ?? 0);
      expect(image.header).toMatchObject({ encryption: undefined, references: [], problems: [] });
    }
    // Nothing else was opened for it.
    expect(info.children.map((child) => child.name)).toEqual(['file']);
  });

  it.each(convertible)('%s is converted for a guest', async (name, make) => {
    await make(name);
    const image = await acceptForeignImage(at(name), foreign);
    if (image.kind !== 'convertible') throw new Error(`${name} is taken as ${image.format}`);
    const info = await infoOf(name, image.format);
    // QEMU cannot recognize a fixed VHD by its first bytes.
    if (!/^fixed.*vhd$/.test(name)) expect((await infoOf(name)).format).toBe(image.format);
    expect(image.virtualBytes).toBe(info['virtual-size']);
    expect(info.children.map((child) => child.name)).toEqual(['file']);
    await expectRefusal(
      acceptImage(at(name), { format: 'qcow2', field: 'image' }),
      'cannot be attached directly',
    );
    // QEMU would read terabytes of zeros.
    if (image.virtualBytes > 64 * MiB) return;
    const path = at(`${name}.qcow2`);
    await convertDisk({ from: { path: image.path, format: image.format }, to: { path, format: 'qcow2' } });
    const disk = await acceptImage(path, { format: 'qcow2', field: 'image' });
    expect(disk.virtualBytes).toBe(image.virtualBytes);
    await qemuImg('convert', '-f', 'qcow2', '-O', 'raw', path, 'back');
    const back = readFileSync(at('back'));
    expect(back.subarray(0, SAMPLE_BYTES).equals(readFileSync(sample))).toBe(true);
    expect(back.subarray(SAMPLE_BYTES).every((byte) => byte === 0)).toBe(true);
  });

  const secret = ['--object', 'secret,id=key,data=password'];
  it.each([
    [
      'overlay.qcow2',
      created('qcow2', ['backing_file=sample', 'backing_fmt=raw'], '4M'),
      'another file: sample',
    ],
    ['data-file.qcow2', created('qcow2', ['data_file=data.raw'], '1M'), 'another file: data.raw'],
    ['raw-data-file.qcow2', created('qcow2', ['data_file=d.raw,data_file_raw=on'], '1M'), 'file: d.raw'],
    [
      'aes.qcow2',
      created('qcow2', ['encrypt.format=aes,encrypt.key-secret=key'], '1M', secret),
      'is encrypted with AES',
    ],
    ['flat.vmdk', created('vmdk', ['subformat=monolithicFlat'], '1M'), 'another file: flat-flat.vmdk'],
    ['two.vmdk', created('vmdk', ['subformat=twoGbMaxExtentSparse'], '3G'), 'another file: two-s001.vmdk'],
    [
      'child.vmdk',
      async (name: string) => {
        await created('vmdk', [], '1M')('parent.vmdk');
        await created('vmdk', ['backing_file=parent.vmdk', 'backing_fmt=vmdk'], '1M')(name);
      },
      'another file: parent.vmdk',
    ],
    ['child.qed', created('qed', ['backing_file=sample', 'backing_fmt=raw'], '4M'), 'another file: sample'],
    ['old.qcow', created('qcow', [], '1M'), 'is a qcow image of version 1'],
    ['disk.hdd', created('parallels', [], '1M'), 'is a Parallels disk'],
  ] as const)('%s is rejected', async (name, make, reason) => {
    await make(name);
    await expectRefusal(acceptForeignImage(at(name), foreign), reason);
  });

  it('is accepted with its backing chain if trusted, and described as by qemu-img', async () => {
    await qemuImg('convert', '-f', 'raw', '-O', 'qcow2', sample, 'base.qcow2');
    await qemuImg('create', '-q', '-f', 'qcow2', '-F', 'qcow2', '-b', 'base.qcow2', 'middle.qcow2', '8M');
    await qemuImg('create', '-q', '-f', 'qcow2', '-F', 'qcow2', '-b', at('middle.qcow2'), 'top.qcow2', '9M');
    const top = await acceptImage(at('top.qcow2'), { format: 'qcow2', field: 'disks[0]', trusted: true });
    const ours = [top, top.backing, top.backing?.backing];
    const names = ['top.qcow2', 'middle.qcow2', 'base.qcow2'];
    for (const [index, name] of names.entries()) {
      const info = await infoOf(name, 'qcow2');
      const [reference] = ours[index]?.header.references ?? [];
      expect(ours[index]).toMatchObject({ path: at(name), virtualBytes: info['virtual-size'] });
      expect([reference?.name, reference?.format]).toEqual([
        info['backing-filename'],
        info['backing-filename-format'],
      ]);
    }
    expect(top.backing?.backing?.backing).toBeUndefined();
  });

  it('is rejected if its backing chain differs from its header, trusted or not', async () => {
    await qemuImg('create', '-q', '-f', 'qcow2', '-F', 'raw', '-b', 'sample', 'on-raw.qcow2');
    await qemuImg('convert', '-f', 'raw', '-O', 'qcow2', sample, 'becomes.qcow2');
    await qemuImg('rebase', '-u', '-f', 'qcow2', '-F', 'vmdk', '-b', 'sparse.vmdk', 'on-raw.qcow2');
    const trusted = { format: 'qcow2', field: 'image', trusted: true } as const;
    await expectRefusal(
      acceptImage(at('on-raw.qcow2'), trusted),
      'has a backing file in an unsupported format, vmdk',
    );
    await qemuImg('rebase', '-u', '-f', 'qcow2', '-F', 'qcow2', '-b', 'sample', 'on-raw.qcow2');
    await expectRefusal(acceptImage(at('on-raw.qcow2'), trusted), 'is not a qcow2');
    await qemuImg('rebase', '-u', '-f', 'qcow2', '-F', 'qcow2', '-b', 'gone', 'on-raw.qcow2');
    await expectRefusal(acceptImage(at('on-raw.qcow2'), trusted), 'has a missing or unreadable backing file');
  });
});

describe('a mutated image that is accepted', () => {
  it('is the same disk to qemu-img, and refers to no other file', async () => {
    let asked = 0;
    let opened = 0;
    for await (const { image, accepted } of fuzz(3, soundImages())) {
      if (!accepted || accepted.format === 'raw') continue;
      const opinion = await askQemu(image, accepted, directory);
      expect(opinion.violations, `image ${asked}`).toEqual([]);
      asked += 1;
      if (opinion.opened) opened += 1;
      if (asked === 100) break;
    }
    // QEMU reads more than headers, so its opening no other file proves little.
    expect(opened).toBeGreaterThan(50);
  });
});
