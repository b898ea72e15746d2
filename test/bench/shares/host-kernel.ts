import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { findProgram } from '../../../src/process/program.ts';
import { makeTemporaryDirectory } from '../../directory.ts';
import { type Contender, alternate } from '../measurement/alternate.ts';
import { VMLET } from '../measurement/built-command.ts';
import { describeRatios, describeTimes } from '../measurement/statistics.ts';
import type { Section } from '../section.ts';

const WORD = 'first-output';

/** As root. VIRTME_KERNEL is a kernel image, as in `peers`; VIRTME_MODULES the directory of its modules, which vmlet is given. */
export const hostKernel: Section = {
  title:
    "vmlet run host --kernel FILE until the command's first output, against virtme-ng with the same kernel (at most half its time)",
  rounds: 5,
  async run(rounds) {
    const { VIRTME_KERNEL: kernel, VIRTME_MODULES: modules } = process.env;
    if (kernel === undefined) throw new Error('set VIRTME_KERNEL to a kernel image');
    const { path: directory, remove } = makeTemporaryDirectory();
    try {
      const flags = ['--kernel', kernel, ...(modules === undefined ? [] : ['--modules', modules])];
      const vmlet = [process.execPath, VMLET, 'run', '--net', 'none', ...flags, 'host', '--', 'echo', WORD];
      const contenders: Contender<number>[] = [
        { name: 'vmlet run host', measure: async () => untilOutput(vmlet, directory) },
        ...virtme(kernel, directory),
      ];
      const samples = await alternate(contenders, rounds);
      const [ours = [], theirs] = samples;
      const text = [
        ...contenders.map(({ name }, index) => `${name.padEnd(16)} ${describeTimes(samples[index] ?? [])}`),
        ...(theirs ? [`vmlet / vng      ${describeRatios(ours, theirs)}`] : []),
      ];
      const data = { contenders: contenders.map(({ name }, index) => ({ name, times: samples[index] })) };
      return { text: text.join('\n'), data };
    } finally {
      remove();
    }
  },
};

function virtme(kernel: string, directory: string): Contender<number>[] {
  if (!findProgram('vng')) {
    console.log('without virtme-ng: install it');
    return [];
  }
  const argv = ['vng', '-r', kernel, '--disable-kvm', '--user', 'root', '--cpus', '1', '--', 'echo', WORD];
  // vng refuses to start without a terminal.
  const onTerminal = ['script', '--quiet', '--return', '--command', argv.join(' '), '/dev/null'];
  return [{ name: 'vng', measure: async () => untilOutput(onTerminal, directory) }];
}

/** @returns milliseconds until the command's word arrives. */
async function untilOutput([program = '', ...words]: readonly string[], cwd: string): Promise<number> {
  const started = performance.now();
  const child = spawn(program, words, { cwd, stdio: ['ignore', 'pipe', 'pipe'] });
  let time: number | undefined;
  let output = '';
  const listen = (text: string): void => {
    output += text;
    if (time === undefined && output.includes(WORD)) time = performance.now() - started;
  };
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', listen);
  await once(child, 'close');
  if (time === undefined) throw new Error(`${program} printed no ${WORD}: ${output}`);
  return time;
}
