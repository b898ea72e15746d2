import { execFile } from 'node:child_process';
import { availableParallelism, release, totalmem } from 'node:os';
import { promisify } from 'node:util';

/** What the counts depend on, in words and without the names of a machine or a person. */
export async function hostFacts(): Promise<string> {
  const [qemu, passt, swtpm] = await Promise.all([
    firstLine('qemu-system-x86_64'),
    firstLine('passt'),
    firstLine('swtpm'),
  ]);
  const user = process.getuid?.() === 0 ? 'as root' : 'as an ordinary user';
  const size = `${availableParallelism()} processors, ${Math.round(totalmem() / 2 ** 30)} GiB`;
  return `Linux ${release()}, ${qemu}, ${passt}, ${swtpm}, Node ${process.version.slice(1)}, ${size}, ${user}`;
}

async function firstLine(program: string): Promise<string> {
  try {
    const { stdout } = await promisify(execFile)(program, ['--version']);
    return stdout.split('\n', 1)[0]?.replace(/ emulator version|, Copyright.*/g, '') ?? program;
  } catch {
    return `no ${program}`;
  }
}
