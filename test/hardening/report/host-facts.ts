import { execFile } from 'node:child_process';
import { availableParallelism, release, totalmem } from 'node:os';
import { promisify } from 'node:util';

/** The circumstances of the counts, without the names of a machine or a person. */
export async function hostFacts(): Promise<string> {
  const programs = await Promise.all(
    [['QEMU', 'qemu-system-x86_64'] as const, ['passt', 'passt'] as const, ['swtpm', 'swtpm'] as const].map(
      async ([name, program]) => `${name} ${await version(program)}`,
    ),
  );
  const kernel = /^[\d.]+/.exec(release())?.[0] ?? release();
  const size = `${availableParallelism()} processors, ${Math.round(totalmem() / 2 ** 30)} GiB`;
  const user = process.getuid?.() === 0 ? 'as root' : 'as an ordinary user';
  return [`Linux ${kernel}`, ...programs, `Node ${process.version.slice(1)}`, size, user].join(', ');
}

async function version(program: string): Promise<string> {
  try {
    // On a terminal: passt’s version is lost in a pipe.
    const { stdout } = await promisify(execFile)('script', ['-qec', `${program} --version`, '/dev/null']);
    return /\d[\w.~+-]*/.exec(stdout)?.[0] ?? 'of an unknown version';
  } catch {
    return 'not there';
  }
}
