import { Command } from 'commander';
import { InvalidInputError } from '../../errors/index.ts';
import { MachineStore } from '../../machines/index.ts';
import { durationMs } from '../flags/flag-values.ts';
import { untilInterrupted } from '../session/until-interrupted.ts';

export function cpCommand(): Command {
  return new Command('cp')
    .description(
      'Copies one file into a machine or out of it, with its permission bits, by vmlet’s agent or QEMU’s. What is copied ' +
        'by vmlet’s is there whole or not at all: a file of the machine that grows or shrinks meanwhile is refused, except ' +
        'for one of 0 or 4096 bytes, as those of /proc and /sys say they are. A local name with a colon is written with a slash: ./a:b.',
    )
    .argument('<file>', 'what to copy: NAME:/PATH in a machine, or a file here')
    .argument('<path>', 'where to: the other of the two; into it where it is a directory')
    .option('--timeout <time>', 'how long to wait for the agent (default: 30s)', durationMs)
    .action(copy);
}

async function copy(
  source: string,
  target: string,
  { timeout }: { readonly timeout?: number },
): Promise<void> {
  const from = parsePlace(source);
  const to = parsePlace(target);
  if ((from.machine === undefined) === (to.machine === undefined)) {
    throw new InvalidInputError('cp', 'exactly one of the two is in a machine, as NAME:/PATH', {
      hint: 'for example: vmlet cp ./file web:/root/',
    });
  }
  const live = new MachineStore().get(from.machine ?? to.machine ?? '').live();
  await untilInterrupted(async (signal) => {
    await (from.machine === undefined
      ? live.copyIn(from.path, to.path, { timeoutMs: timeout, signal })
      : live.copyOut(from.path, to.path, { timeoutMs: timeout, signal }));
  });
}

/** A machine's name has no slash, so what has one before the colon is a path here. */
function parsePlace(text: string): { readonly machine: string | undefined; readonly path: string } {
  const [, machine, path] = /^([^:/]+):(.*)$/s.exec(text) ?? [];
  return machine === undefined || path === undefined ? { machine: undefined, path: text } : { machine, path };
}
