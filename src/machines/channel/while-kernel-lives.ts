import { LaunchError } from '../../errors/index.ts';
import { describeDeath, isLastOfKernel } from '../../machine/life/dead-kernel.ts';
import { adviseOnMemory } from '../../machine/life/launch-failure.ts';
import { followLog, readLog } from '../../machine/logs/log-file.ts';
import { endOfLog } from '../../machine/logs/log-generations.ts';
import { Tail } from '../../process/output/tail.ts';
import { together } from '../../util/time/together.ts';
import type { Definition } from '../record/definition.ts';
import { lastLines } from '../record/machine-status.ts';
import { readSerialStart } from './serial-start.ts';

/** A guest that was reset afterwards has printed more lines than this. */
const LAST_LINES = 10;
const CONSOLE_LINES = 20;

/**
 * Runs `work`, which needs a guest that boots or has booted. Aborts it as soon as the guest's kernel dies.
 * @param ends whether a dead kernel ends the machine, as at its start; false by default.
 * @throws LaunchError when the kernel dies, what `work` throws, or the signal's reason.
 */
export async function whileKernelLives<T>(
  definition: Definition,
  work: (signal: AbortSignal) => Promise<T>,
  signal: AbortSignal | undefined,
  ends = false,
): Promise<T> {
  const done = new AbortController();
  const [result] = await together(
    [
      async (either) => {
        try {
          return await work(either);
        } finally {
          done.abort();
        }
      },
      async (either) =>
        watchKernel(definition, ends, AbortSignal.any([either, done.signal])).catch((error: unknown) => {
          if (!done.signal.aborted) throw error;
        }),
    ],
    signal,
  );
  return result;
}

async function watchKernel(definition: Definition, ends: boolean, signal: AbortSignal): Promise<never> {
  const { files } = definition;
  const now = endOfLog(files.serialLog);
  const tail = new Tail({ lines: LAST_LINES, lineLength: 4096 });
  for (const bytes of readLog(files.serialLog, { from: readSerialStart(files) })) tail.push(bytes);
  if (tail.last(LAST_LINES).some(isLastOfKernel)) throw deadKernelError(definition, ends);
  for await (const bytes of followLog(files.serialLog, { from: now, signal })) {
    if (tail.push(bytes).some(isLastOfKernel)) throw deadKernelError(definition, ends);
  }
  throw new TypeError('a log that is followed has no end');
}

function deadKernelError({ spec, files }: Definition, ends: boolean): LaunchError {
  const lines = lastLines(files.serialLog, 1000);
  const problem = `machine "${spec.name}" did not become ready: ${describeDeath(lines) ?? "the guest's kernel panicked"}`;
  const output = { qemu: lastLines(files.qemuLog, 20), console: lines.slice(-CONSOLE_LINES) };
  return new LaunchError(problem, output, {
    hint: adviseOnMemory(spec.memoryBytes, { name: spec.name, ends }),
    // The cause has no advice on the machine, which its creator may remove.
    cause: new LaunchError(problem, output, { hint: adviseOnMemory(spec.memoryBytes) }),
  });
}
