import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { readProcessLimits } from '../../../src/host/findings/process-limits.ts';
import { directoryIn } from '../../directory.ts';
import { type Home, makeHome } from '../../e2e/named/home.ts';
import { VMLET } from '../measurement/built-command.ts';
import { describeTimes, median } from '../measurement/statistics.ts';
import { type CommandTime, timeCommand } from '../measurement/timed-command.ts';
import type { Section } from '../section.ts';

/** SYNC_FILES is another number of files, for a try. */
const FILES = Number(process.env['SYNC_FILES'] ?? 100_000);
const BYTES = 2000;
const IN_A_DIRECTORY = 200;
/** Writes the peak of its resident memory in KiB at the end of the command. */
const PEAK =
  "data:text/javascript,import{writeFileSync}from'node:fs';process.on('exit',()=>writeFileSync(process.env.PEAK,String(process.resourceUsage().maxRSS)))";

/** virtiofsd keeps a descriptor of each file and directory. */
const DESCRIPTORS = FILES + FILES / IN_A_DIRECTORY;
const NAMES = ['all', 'none', 'one', 'tar', 'tar, shared'] as const;

interface Sample extends CommandTime {
  readonly peakMiB: number;
}

export const sync: Section = {
  title: `vmlet sync of ${FILES} files of ${BYTES} bytes: all, none and one of them, against a tar stream into the guest (all: at most twice its time; at most 512 MiB) and onto a shared directory`,
  rounds: 3,
  async run(rounds) {
    const fitsShare = readProcessLimits().openFiles > DESCRIPTORS;
    if (!fitsShare) console.log(`no shared directory: it needs ulimit -Hn ${Math.ceil(DESCRIPTORS)}`);
    const home = await makeHome();
    try {
      const source = directoryIn(home.path, 'tree-');
      makeTree(source);
      const volume = ['-v', `${directoryIn(home.path, 'shared-')}:/shared`];
      const machine = ['web', '--image', 'micro', '-m', '1G', '--net', 'none', ...volume];
      await expectSuccess(home, 'create', ...machine, '--start');
      const empty = async (path: string): Promise<void> =>
        expectSuccess(home, 'exec', 'web', '--', 'sh', '-c', `rm -rf ${path}; mkdir -p ${path}; sync`);
      const toSync = [process.execPath, VMLET, 'sync', source, 'web:/data/sync'];
      const pipe = 'tar -C "$1" -cf - . | { shift; exec "$@"; }';
      const toCopy = (path: string): string[] => [process.execPath, VMLET, 'cp', '-', `web:${path}`];
      const samples: Sample[][] = NAMES.map(() => []);
      for (let round = 0; round < rounds; round++) {
        const all = async (): Promise<void> => {
          await empty('/data/sync');
          samples[0]?.push(await measure(home, toSync));
          samples[1]?.push(await measure(home, toSync));
          writeFileSync(join(source, '0/0'), `changed ${round}`);
          samples[2]?.push(await measure(home, toSync));
        };
        const tar = async (path: string, times: Sample[] = []): Promise<void> => {
          await empty(path);
          times.push(await measure(home, ['sh', '-c', pipe, 'sh', source, ...toCopy(path)]));
        };
        const steps = [all, async () => tar('/data/tar', samples[3])];
        if (fitsShare) steps.push(async () => tar('/shared/tar', samples[4]));
        for (const step of round % 2 === 0 ? steps : steps.reverse()) await step();
      }
      const wall = (index: number): number => median((samples[index] ?? []).map(({ wallMs }) => wallMs));
      const names = NAMES.filter((_, index) => samples[index]?.length !== 0);
      const text = names.map((name, index) => {
        const of = samples[index] ?? [];
        const cpu = median(of.map(({ cpuMs }) => cpuMs)).toFixed(0);
        const peak = Math.max(...of.map(({ peakMiB }) => peakMiB)).toFixed(0);
        return `${name.padEnd(12)} ${describeTimes(of.map(({ wallMs }) => wallMs))}; cpu ${cpu} ms; at most ${peak} MiB`;
      });
      const ratios = names
        .slice(3)
        .map((name, index) => `all / ${name}  ${(wall(0) / wall(index + 3)).toFixed(2)}`)
        .join('; ');
      const data = {
        files: FILES,
        contenders: names.map((name, index) => ({ name, samples: samples[index] })),
      };
      return { text: [...text, ratios].join('\n'), data };
    } finally {
      await home.close();
    }
  },
};

function makeTree(root: string): void {
  for (let file = 0; file < FILES; file++) {
    const directory = join(root, String(Math.floor(file / IN_A_DIRECTORY)));
    if (file % IN_A_DIRECTORY === 0) mkdirSync(directory);
    writeFileSync(join(directory, String(file % IN_A_DIRECTORY)), String(file).padEnd(BYTES, 'x'));
  }
}

async function measure(home: Home, argv: readonly string[]): Promise<Sample> {
  const peak = join(home.path, 'peak');
  const own = Object.entries(home.environment).map(([name, value]) => `${name}=${value ?? ''}`);
  const time = await timeCommand(['env', ...own, `NODE_OPTIONS=--import=${PEAK}`, `PEAK=${peak}`, ...argv]);
  return { ...time, peakMiB: Number(readFileSync(peak, 'utf8')) / 1024 };
}

async function expectSuccess(home: Home, ...words: string[]): Promise<void> {
  const { status, stderr } = await home.vmlet(...words);
  if (status !== 0) throw new Error(`vmlet ${words.join(' ')}: ${stderr}`);
}
