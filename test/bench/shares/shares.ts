import { cpSync } from 'node:fs';
import { join } from 'node:path';
import type { GuestAgent } from '../../../src/guest/agent/agent.ts';
import type { LaunchOptions } from '../../../src/index.ts';
import { launch } from '../../../src/index.ts';
import { descendantsOf } from '../../../src/process/procfs/descendants.ts';
import { readProcessStat } from '../../../src/process/procfs/stat.ts';
import { run as runCommand } from '../../../src/process/run.ts';
import { makeTemporaryDirectory } from '../../directory.ts';
import { alternate } from '../measurement/alternate.ts';
import { describeRatios, median } from '../measurement/statistics.ts';
import type { Section } from '../section.ts';
import { type Job, PREPARE, jobsNamed } from './jobs.ts';
import { type Peer, startPeer } from './peer.ts';

/** USER_HZ of Linux on x86-64. */
const TICKS_A_SECOND = 100;
/** The host's system as the guest's, for its git and compiler. */
const GUEST = { image: 'host', net: 'none', memory: '1G', cpus: 1 } as const;
/**
 * Options of virtiofsd: vmlet's own, and as in Lima's VirtiofsdCmdline and virtme-ng's run.py, which confine it no
 * further.
 */
const PEERS = {
  'not confined': undefined,
  "Lima's options": [],
  "virtme-ng's options": ['--sandbox=none', '--no-announce-submounts'],
} as const;

interface Sample {
  readonly wallSeconds: number;
  /** Processor time of QEMU and its virtiofsds. */
  readonly cpuSeconds: number;
}

/** A place in a guest. */
interface Place {
  readonly name: string;
  exec(script: string): Promise<void>;
  pids(): number[];
}

/** VMLET_PART has words of the jobs to measure, such as `stat|git`; all by default. */
export const shares: Section = {
  title:
    "a shared directory: vmlet's confined virtiofsd against other tools' options for it and against ext4 on virtio-blk (no slower than the options)",
  rounds: 20,
  async run(rounds) {
    const jobs = jobsNamed(process.env['VMLET_PART']);
    const root = makeTemporaryDirectory();
    const peers: Peer[] = [];
    try {
      const names = ['vmlet', ...Object.keys(PEERS)];
      const directories = names.map((_, index) => join(root.path, String(index)));
      await runCommand(['env', `D=${directories[0] ?? ''}`, 'sh', '-c', PREPARE]);
      for (const copy of directories.slice(1)) cpSync(directories[0] ?? '', copy, { recursive: true });
      const optionsOf = (directory: string): LaunchOptions => ({
        ...GUEST,
        volumes: [`${directory}:/share`],
        disks: ['2G'],
      });
      await using machine = await launch(optionsOf(directories[0] ?? ''));
      const places = [await placeOf('vmlet', '/share', machine, () => descendantsOf(process.pid))];
      for (const [index, options] of Object.values(PEERS).entries()) {
        const directory = directories[index + 1] ?? '';
        const peer = await startPeer(optionsOf(directory), directory, options);
        peers.push(peer);
        places.push(
          await placeOf(names[index + 1] ?? '', '/share', peer.agent, () => [
            peer.pid,
            ...descendantsOf(peer.pid),
          ]),
        );
      }
      const isPeers = (pid: number): boolean =>
        peers.some((peer) => pid === peer.pid || descendantsOf(peer.pid).includes(pid));
      const own = (): number[] => descendantsOf(process.pid).filter((pid) => !isPeers(pid));
      places[0] = { ...places[0]!, pids: own };
      // In the last peer's guest, to which the agent does nothing before a command.
      const last = peers.at(-1)!;
      await makeDisk(last.agent);
      places.push(await placeOf('ext4', '/disk', last.agent, () => [last.pid, ...descendantsOf(last.pid)]));
      const results = [];
      for (const job of jobs) results.push({ job: job.name, samples: await measureAll(places, job, rounds) });
      const text = results.flatMap(({ job, samples }) => [
        job,
        ...places.map((place, index) => describe(place.name, samples[index] ?? [], samples[0] ?? [])),
      ]);
      return { text: text.join('\n'), data: { places: places.map(({ name }) => name), results } };
    } finally {
      for (const peer of peers) await peer[Symbol.asyncDispose]();
      root.remove();
    }
  },
};

type Executor = Pick<GuestAgent, 'exec'>;

async function placeOf(name: string, at: string, guest: Executor, pids: () => number[]): Promise<Place> {
  const exec = async (script: string): Promise<void> => {
    const { exitCode, stderr } = await guest.exec(['sh', '-c', `D=${at}\n${script}`]);
    if (exitCode !== 0) throw new Error(`${name}: ${script}: ${stderr.toString()}`);
  };
  await exec('cp /share/tree.tar /tmp/ && git -c safe.directory="*" -C "$D/repository" status --porcelain');
  return { name, exec, pids };
}

async function makeDisk(guest: Executor): Promise<void> {
  const script = 'mkfs.ext4 -q /dev/vda && mkdir -p /disk && mount /dev/vda /disk && cp -a /share/. /disk/';
  const { exitCode, stderr } = await guest.exec(['sh', '-c', script]);
  if (exitCode !== 0) throw new Error(stderr.toString());
}

async function measureAll(places: readonly Place[], job: Job, rounds: number): Promise<Sample[][]> {
  const contenders = places.map((place) => ({
    name: place.name,
    measure: async () => {
      if (job.before !== undefined) await place.exec(job.before);
      const ticks = sum(place.pids().map(ticksOf));
      const started = performance.now();
      await place.exec(job.run);
      const wallSeconds = (performance.now() - started) / 1000;
      return { wallSeconds, cpuSeconds: (sum(place.pids().map(ticksOf)) - ticks) / TICKS_A_SECOND };
    },
  }));
  return alternate(contenders, rounds);
}

function ticksOf(pid: number): number {
  const stat = readProcessStat(pid);
  return stat ? stat.userTicks + stat.systemTicks : 0;
}

/** Ratios of vmlet to the place, by pairs of one round. */
function describe(name: string, samples: readonly Sample[], vmlet: readonly Sample[]): string {
  const ratios = describeRatios(vmlet.map(cpuOf), samples.map(cpuOf));
  const wall = median(samples.map(({ wallSeconds }) => wallSeconds)).toFixed(2);
  const cpu = median(samples.map(cpuOf)).toFixed(2);
  return `  ${name.padEnd(20)} ${wall} s, cpu ${cpu} s; vmlet / it: ${ratios}`;
}

function cpuOf({ cpuSeconds }: Sample): number {
  return cpuSeconds;
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
