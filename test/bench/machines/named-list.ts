import { cpSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { bootSectors } from '../../../fixtures/guests/boot-sectors.ts';
import { makeHome } from '../../e2e/named/home.ts';
import { alternate } from '../measurement/alternate.ts';
import { VMLET } from '../measurement/built-command.ts';
import type { Section } from '../section.ts';
import { describeTimes, median } from '../measurement/statistics.ts';
import { timeCommand } from '../measurement/timed-command.ts';

const MACHINES = 100;
const RUNNING = 20;

export const namedList: Section = {
  title: `vmlet ls with ${MACHINES} machines, ${RUNNING} of them running, against node -e 0 (at most 100 ms more)`,
  rounds: 30,
  async run(rounds) {
    const home = await makeHome();
    try {
      const disk = join(home.path, 'hang.raw');
      writeFileSync(disk, bootSectors.hang);
      const first = await home.store.create({ name: 'm1', image: disk, memory: '64M', cpus: 1 });
      for (let number = 2; number <= MACHINES; number++)
        copyMachine(first.files.directory, `m${number}`, number);
      for (let number = 1; number <= RUNNING; number++) await home.store.get(`m${number}`).start();
      // The boot of the guests is not measured.
      await Promise.all(
        Array.from({ length: RUNNING }, async (_, index) =>
          home.vmlet('wait', `m${index + 1}`, '--for', 'log=up'),
        ),
      );
      const inHome = ['env', ...xdg(home.environment), process.execPath];
      const [ours = [], bare = []] = await alternate(
        [
          { name: 'vmlet ls', measure: async () => timeCommand([...inHome, VMLET, 'ls']) },
          { name: 'node -e 0', measure: async () => timeCommand([...inHome, '-e', '0']) },
        ],
        rounds,
      );
      const wall = [ours, bare].map((samples) => samples.map(({ wallMs }) => wallMs));
      const cpu = [ours, bare].map((samples) => samples.map(({ cpuMs }) => cpuMs));
      const text = [
        `vmlet ls   ${describeTimes(wall[0]!)}; cpu ${median(cpu[0]!).toFixed(0)} ms`,
        `node -e 0  ${describeTimes(wall[1]!)}; cpu ${median(cpu[1]!).toFixed(0)} ms`,
        `more       ${(median(wall[0]!) - median(wall[1]!)).toFixed(0)} ms; cpu ${(median(cpu[0]!) - median(cpu[1]!)).toFixed(0)} ms`,
      ].join('\n');
      return { text, data: { vmlet: ours, node: bare } };
    } finally {
      await home.close();
    }
  },
};

function copyMachine(directory: string, name: string, number: number): void {
  const copy = join(dirname(directory), name);
  cpSync(directory, copy, { recursive: true });
  const path = join(copy, 'spec.json');
  const spec = JSON.parse(readFileSync(path, 'utf8')) as object;
  const id = (0xa0000000 + number).toString(16);
  writeFileSync(path, JSON.stringify({ ...spec, name, id }));
}

function xdg(environment: NodeJS.ProcessEnv): string[] {
  return Object.entries(environment)
    .filter(([name, value]) => name.startsWith('XDG_') && value !== undefined)
    .map(([name, value]) => `${name}=${value ?? ''}`);
}
