import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { execa } from 'execa';

const root = join(import.meta.dirname, '..');

/** Packs this package as it is published, and unpacks it at a new path, without the sources that are not packed. */
export async function unpackPackage(directory: string, path: string): Promise<void> {
  const { stdout } = await execa(
    'npm',
    ['pack', '--silent', '--ignore-scripts', '--pack-destination', directory],
    { cwd: root },
  );
  mkdirSync(path, { recursive: true });
  await execa('tar', ['-xzf', join(directory, stdout.trim()), '-C', path, '--strip-components=1']);
}
