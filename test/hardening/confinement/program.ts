import { execFile } from 'node:child_process';
import { copyFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';

const SOURCES = join(import.meta.dirname, '../../../fixtures/confine/hostile-program');
const start = promisify(execFile);

/** @returns the program's path. */
export async function build(program: string, directory: string, targets = '/dev/null'): Promise<string> {
  const path = join(directory, program);
  await start('make', ['--silent', '-C', SOURCES, `OUT=${directory}`, `TARGETS=${targets}`, path]);
  return path;
}

/**
 * Builds the hostile program with these targets, and puts it where a program of the name `standIn`
 * is found first.
 * @returns that directory.
 */
export async function buildHostile(
  directory: string,
  standIn: string,
  targets: ReadonlyMap<string, string | number>,
): Promise<string> {
  const folder = join(directory, `instead-of-${standIn}`);
  mkdirSync(folder);
  const path = join(folder, standIn);
  const macros = [...targets, ['PROGRAM', path] as const].map(
    ([name, value]) =>
      `#define TARGET_${name} ${typeof value === 'number' ? value : JSON.stringify(value)}\n`,
  );
  const header = join(folder, 'targets.h');
  writeFileSync(header, macros.join(''));
  copyFileSync(await build('hostile-program', folder, header), path);
  return folder;
}
