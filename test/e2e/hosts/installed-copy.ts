import { cpSync } from 'node:fs';
import { join } from 'node:path';
import { VMLET } from '../command.ts';

/** Copies vmlet as it is installed: another user may not be able to read the checkout. */
export function installCopy(directory: string): void {
  const root = join(VMLET, '../../..');
  const programs = ['bin', 'confine-program', 'guest-agent', 'keeper', 'network-switch'].map(
    (name) => `dist/${name}`,
  );
  for (const path of ['package.json', ...programs]) {
    cpSync(join(root, path), join(directory, path), { recursive: true });
  }
}
