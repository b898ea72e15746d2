import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { run } from '../../src/process/run.ts';
import { makeTemporaryDirectory } from '../directory.ts';
import { alternate } from './measurement/alternate.ts';
import type { Section } from './section.ts';
import { describeTimes, median } from './measurement/statistics.ts';
import { type CommandTime, timeCommand } from './measurement/timed-command.ts';

const BUILT = join(import.meta.dirname, '../../dist');
const BYTES = 2 * 1024 ** 3;
const ALGORITHMS = ['sha256', 'sha512'] as const;

/** Prints its peak memory, as the kernel counts it. */
const DOWNLOAD = `
import { readFileSync, writeFileSync } from 'node:fs';
import { download } from ${JSON.stringify(join(BUILT, 'images/transfer/download.js'))};
import { Scope } from ${JSON.stringify(join(BUILT, 'util/scope.js'))};
const [url, to, partials, algorithm, hex, report] = process.argv.slice(1);
const scope = new Scope();
await download({ url, to, partials, expected: { algorithm, hex } }, scope);
await scope.close();
writeFileSync(report, /VmHWM:\\s*(\\d+)/.exec(readFileSync('/proc/self/status', 'utf8'))[1]);
`;

interface Sample extends CommandTime {
  readonly peakKib: number | undefined;
}

export const pull: Section = {
  title:
    '2 GiB from loopback, downloaded and verified, against curl and then sha256sum (at most 1.1 of it, 100 MiB)',
  rounds: 5,
  async run(rounds) {
    const { path, remove } = makeTemporaryDirectory();
    const served = join(path, 'served');
    mkdirSync(served);
    await run(['sh', '-c', `head -c ${BYTES} /dev/urandom >"$0"; sync "$0"`, join(served, 'disk.raw')]);
    const server = spawn('npx', ['tsx', join(import.meta.dirname, '../../fixtures/http/main.ts'), served], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    try {
      const url = `${await firstLine(server)}/disk.raw`;
      const sections = [];
      for (const algorithm of ALGORITHMS) sections.push(await compare(url, path, algorithm, rounds));
      return {
        text: sections.map(({ text }) => text).join('\n'),
        data: Object.fromEntries(sections.map(({ data }, index) => [ALGORITHMS[index]!, data])),
      };
    } finally {
      server.stdin.end();
      await once(server, 'exit');
      remove();
    }
  },
};

async function compare(url: string, path: string, algorithm: (typeof ALGORITHMS)[number], rounds: number) {
  const sum = `${algorithm}sum`;
  const [hex = ''] = execFileSync(sum, [join(path, 'served/disk.raw')], { encoding: 'utf8' }).split(' ');
  const to = join(path, 'disk.raw');
  const report = join(path, 'report');
  const ours = [process.execPath, '--input-type=module', '--eval', DOWNLOAD, url, to, join(path, 'partials')];
  const byHand = `curl --silent --fail --output "$1" "$0" && echo "$2  $1" | ${sum} --check --status`;
  const prepare = (): void => {
    rmSync(to, { force: true });
    settleMemory(join(path, 'scratch'));
  };
  const [vmlet = [], curl = []] = await alternate<Sample>(
    [
      {
        name: 'vmlet',
        measure: async () => {
          prepare();
          const time = await timeCommand([...ours, algorithm, hex, report]);
          return { ...time, peakKib: Number(execFileSync('cat', [report], { encoding: 'utf8' })) };
        },
      },
      {
        name: 'curl',
        measure: async () => {
          prepare();
          return { ...(await timeCommand(['sh', '-c', byHand, url, to, hex])), peakKib: undefined };
        },
      },
    ],
    rounds,
  );
  const wall = [vmlet, curl].map((samples) => samples.map(({ wallMs }) => wallMs));
  const cpu = [vmlet, curl].map((samples) => samples.map(({ cpuMs }) => cpuMs));
  const peak = Math.max(...vmlet.map(({ peakKib = NaN }) => peakKib)) / 1024;
  const text = [
    `vmlet ${algorithm}     ${describeTimes(wall[0]!)}; cpu ${median(cpu[0]!).toFixed(0)} ms; at most ${peak.toFixed(0)} MiB`,
    `curl, ${sum}  ${describeTimes(wall[1]!)}; cpu ${median(cpu[1]!).toFixed(0)} ms`,
    `ratio            ${(median(wall[0]!) / median(wall[1]!)).toFixed(2)}`,
  ].join('\n');
  return { text, data: { vmlet, curl } };
}

/**
 * A virtual machine that returns freed memory to its host has to allocate it again, at several times the cost: each
 * measurement begins with as much free memory as the file needs, and without pending writes to the disk.
 */
function settleMemory(scratch: string): void {
  execFileSync('sync');
  execFileSync('sh', ['-c', `head -c ${BYTES} /dev/zero >"$0"; rm "$0"`, scratch]);
}

async function firstLine({ stdout }: ChildProcess): Promise<string> {
  if (!stdout) throw new TypeError('the server has no output');
  const [line] = (await once(createInterface({ input: stdout }), 'line')) as [string];
  return line;
}
