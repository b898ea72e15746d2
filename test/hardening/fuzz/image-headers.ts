/**
 * Mutates hostile and valid images, including images made by qemu-img, and looks for one that crashes or stalls the
 * header parser, or that is accepted although QEMU opens it differently.
 * usage: npx tsx test/hardening/fuzz/image-headers.ts [SECONDS [SEED]]
 */
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fuzz, soundImages } from '../../../fixtures/images/hostile/fuzz.ts';
import { askQemu } from '../../../fixtures/images/hostile/qemu-opinion.ts';
import { findProgram } from '../../../src/process/program.ts';
import { run } from '../../../src/process/run.ts';
import { makeTemporaryDirectory } from '../../directory.ts';

const [seconds = '60', seed = String(Date.now() % 1_000_000)] = process.argv.slice(2);
/** QEMU is a hundred times slower than the parser, so only one of this many images is compared. */
const ASKED = 40;

const MADE: readonly (readonly string[])[] = [
  ['qcow2'],
  ['qcow2', '-o', 'compat=0.10'],
  ['qcow2', '-c', '-o', 'compression_type=zstd'],
  ['qcow2', '-o', 'extended_l2=on,cluster_size=16k'],
  ['vmdk'],
  ['vmdk', '-o', 'subformat=streamOptimized'],
  ['vdi'],
  ['vpc'],
  ['vpc', '-o', 'subformat=fixed'],
  ['vhdx', '-o', 'block_size=1M,log_size=1M'],
  ['qed', '-o', 'cluster_size=4096,table_size=2'],
];

async function madeImages(directory: string): Promise<readonly Buffer[]> {
  const sample = join(directory, 'sample');
  writeFileSync(sample, Buffer.alloc(1024 * 1024).fill('content', 0, 5000));
  const images: Buffer[] = [];
  for (const options of MADE) {
    const path = join(directory, 'made');
    await run(['qemu-img', 'convert', '-f', 'raw', '-O', ...options, sample, path]);
    images.push(readFileSync(path));
    rmSync(path);
  }
  return images.filter(({ length }) => length <= 4 * 1024 * 1024);
}

const { path: directory, remove } = makeTemporaryDirectory();
try {
  const traced = findProgram('strace') !== undefined;
  const end = performance.now() + Number(seconds) * 1000;
  const counts = { cases: 0, taken: 0, asked: 0, opened: 0, violations: 0 };
  for await (const { image, accepted, violations } of fuzz(Number(seed), [
    ...soundImages(),
    ...(await madeImages(directory)),
  ])) {
    counts.cases += 1;
    const found = [...violations];
    if (accepted) {
      counts.taken += 1;
      if (accepted.format !== 'raw' && counts.taken % ASKED === 0) {
        const opinion = await askQemu(image, accepted, directory, { traced });
        counts.asked += 1;
        if (opinion.opened) counts.opened += 1;
        found.push(...opinion.violations);
      }
    }
    if (found.length > 0) {
      counts.violations += 1;
      const kept = join(tmpdir(), `vmlet-fuzz-${seed}-${counts.cases}`);
      writeFileSync(kept, image);
      console.error(`${kept}: ${found.join('\n  ')}`);
    }
    if (performance.now() > end) break;
  }
  console.log(JSON.stringify({ seed: Number(seed), traced, ...counts }));
  process.exitCode = counts.violations === 0 ? 0 : 1;
} finally {
  remove();
}
