import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import type { Findings, HardeningOptions } from '../section.ts';

/** A line of JSON that a user's script prints: one of the raw log, or at last its findings. */
type Line = { readonly log: string } | { readonly findings: Findings };

/** In a script that a user runs: prints what `work` logs and finds. The end of its input interrupts it. */
export async function printFindings(
  work: (options: Pick<HardeningOptions, 'log' | 'signal'>) => Promise<Findings>,
): Promise<void> {
  const controller = new AbortController();
  process.stdin.resume().once('end', () => controller.abort());
  const print = (line: Line): void => console.log(JSON.stringify(line));
  const findings = await work({ signal: controller.signal, log: (log) => print({ log }) });
  print({ findings });
  process.stdin.destroy();
}

/** Reads the output of such a script. @throws Error if it ends without findings, or the signal's reason. */
export async function readFindings(
  script: ChildProcess,
  { log, signal }: Pick<HardeningOptions, 'log' | 'signal'>,
): Promise<Findings> {
  const gone = once(script, 'exit') as Promise<[status: number | null]>;
  const interrupt = (): void => void script.stdin?.end();
  if (signal?.aborted === true) interrupt();
  signal?.addEventListener('abort', interrupt, { once: true });
  let findings: Findings | undefined;
  try {
    for await (const text of createInterface(script.stdout!)) {
      const line = JSON.parse(text) as Line;
      if ('log' in line) log(line.log);
      else findings = line.findings;
    }
  } finally {
    interrupt();
    signal?.removeEventListener('abort', interrupt);
  }
  const [status] = await gone;
  signal?.throwIfAborted();
  if (!findings) throw new Error(`the user's script ended with ${String(status)}`);
  return findings;
}
