import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readFileSync,
  readdirSync,
  writeFileSync,
} from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { plugCommand } from '../../../src/machines/run/start/start-plan.ts';
import { networkLayers } from '../../../src/network/switch/plug-argv.ts';
import { plugProgram, relayProgram, switchProgram } from '../../../src/process/native/network-programs.ts';
import { probeConfinement } from '../../../src/process/probe/confinement-probe.ts';
import { requireProgram } from '../../../src/process/program.ts';
import { until } from '../../until.ts';
import type { Attack, Attempt, Case } from './case.ts';
import { build, buildHostile } from './program.ts';
import { reportOfSystemShare } from './system-share.ts';
import { HOSTILE, type World, machineWords, refreshHome } from './world.ts';

/** The hostile program under each of its names. */
export interface Disguises {
  readonly qemu: string;
  readonly swtpm: string;
  readonly virtiofsd: string;
  readonly networkSwitch: string;
  readonly plug: string;
  readonly relay: string;
  /** The output of a passt without vhost-user. */
  readonly oldPasst: string;
}

export async function makeDisguises({ directory, targets }: World): Promise<Disguises> {
  await build('without', directory);
  const oldPasst = join(directory, 'old-passt');
  mkdirSync(oldPasst);
  const passt = requireProgram('passt');
  const script = `#!/bin/sh\n[ "$*" = --help ] || exec ${passt} "$@"\n${passt} --help 2>&1 | grep -v vhost-user\n`;
  writeFileSync(join(oldPasst, 'passt'), script);
  chmodSync(join(oldPasst, 'passt'), 0o755);
  return {
    qemu: await buildHostile(directory, 'qemu-system-x86_64', targets),
    swtpm: await buildHostile(directory, 'swtpm', targets),
    virtiofsd: await buildHostile(directory, 'virtiofsd', targets),
    networkSwitch: await buildHostile(directory, 'vmlet-switch', targets),
    plug: await buildHostile(directory, 'vmlet-plug', targets),
    relay: await buildHostile(directory, 'vmlet-relay', targets),
    oldPasst,
  };
}

/** Makes vmlet start the program in this place, with vmlet’s wrapper for it. */
export async function attackFrom(where: Case, world: World, disguises: Disguises): Promise<Attack> {
  refreshHome(world);
  const said = await reportFrom(where, world, disguises);
  return { user: userOfNow(), where, ...readReport(said) };
}

async function reportFrom(
  where: Case,
  world: World,
  { qemu, swtpm, virtiofsd, networkSwitch, plug, relay, oldPasst }: Disguises,
): Promise<string> {
  const { without } = where;
  switch (where.place) {
    case 'embedded': {
      const network = where.network.startsWith('passt') ? 'passt' : where.network;
      const programs = [qemu, ...(where.network === 'passt-stream' ? [oldPasst] : [])];
      const words = [
        'run',
        ...machineWords(world),
        '--name',
        HOSTILE,
        '--net',
        network,
        '--console',
        '--',
        'true',
      ];
      return (await world.vmlet(words, { programs, without })).stderr;
    }
    case 'named': {
      const network = where.network.startsWith('passt') ? 'passt' : where.network;
      await world.vmlet(['rm', HOSTILE, '--storage']);
      await world.vmlet(['create', HOSTILE, ...machineWords(world), '--net', network], { without });
      const { stderr } = await world.vmlet(['start', HOSTILE], { programs: [qemu], without });
      return `${stderr}${logOf(world, HOSTILE, 'serial.log')}`;
    }
    case 'swtpm': {
      const words = ['--image', world.image, '-m', '64M', '--net', 'none', '--display', 'none', '--tpm'];
      await world.vmlet(['create', 'with-tpm', ...words], { without });
      const { stderr } = await world.vmlet(['start', 'with-tpm'], { programs: [swtpm], without });
      return `${stderr}${logOf(world, 'with-tpm', 'swtpm.log')}`;
    }
    case 'virtiofsd': {
      const shared = join(world.directory, 'share');
      mkdirSync(shared, { recursive: true });
      const { share = 'squash' } = where;
      if (share === 'system') return reportOfSystemShare(world, join(virtiofsd, 'virtiofsd'));
      const options = share === 'squash' ? '' : `:${share}`;
      const words = ['--image', world.image, '-m', '64M', '--net', 'none', '--display', 'none'];
      await world.vmlet(['rm', 'with-share', '--storage']);
      await world.vmlet(['create', 'with-share', ...words, '-v', `${shared}:/share${options}`], { without });
      const { stderr } = await world.vmlet(['start', 'with-share'], { programs: [virtiofsd], without });
      return `${stderr}${logOf(world, 'with-share', 'share0.log')}`;
    }
    case 'switch':
      return reportOfSwitch(world, join(networkSwitch, 'vmlet-switch'));
    case 'plug':
      return reportOfConfinedPlug(world, join(plug, 'vmlet-plug'));
    case 'relay':
      return reportOfRelay(world, join(relay, 'vmlet-relay'));
  }
}

/** A plug starts it, as the plug of a machine does. */
async function reportOfSwitch(world: World, program: string): Promise<string> {
  const { directory } = makeNetwork(world, 'switch');
  const argv = await plugIn(directory);
  return reportOfPlug(
    argv.map((word) => (word === switchProgram() ? program : word)),
    join(directory, 'switch.log'),
  );
}

/** The real one starts the switch, and becomes this one. */
async function reportOfConfinedPlug(world: World, program: string): Promise<string> {
  const { directory, log } = makeNetwork(world, 'plug');
  const argv = await plugIn(directory);
  const first = argv.indexOf(plugProgram());
  const said = await reportOfPlug(
    argv.map((word, index) => (word === plugProgram() && index > first ? program : word)),
    log,
  );
  // No plug has come to its switch.
  await until(() => !existsSync(join(directory, 'switch.sock')));
  return said;
}

function makeNetwork(world: World, name: string): { directory: string; log: string } {
  const directory = join(world.directory, `${name}-network`);
  mkdirSync(directory, { mode: 0o700 });
  return { directory, log: join(world.directory, `${name}.log`) };
}

async function plugIn(switchDirectory: string): Promise<string[]> {
  return plugCommand('a', {
    mac: '52:54:00:00:00:01',
    switchDirectory,
    ...networkLayers(await probeConfinement()),
  });
}

/** Runs the keeper's helper for a card until the report is complete. @param log has it. */
async function reportOfPlug(argv: readonly string[], log: string): Promise<string> {
  const said = openSync(log, 'a', 0o600);
  const child = spawn(argv[0] ?? '', argv.slice(1), { stdio: ['ignore', 'ignore', said, 'pipe'], env: {} });
  closeSync(said);
  const gone = once(child, 'exit');
  const report = (): string => readFileSync(log, 'utf8');
  await until(() => report().includes('{"ends"') || child.exitCode !== null);
  const whole = report();
  // A plug would start the switch again.
  child.stdio[3]?.destroy();
  await gone;
  return whole.slice(0, whole.indexOf('\n', whole.indexOf('{"ends"')));
}

/** The keeper of a machine starts it, when a client connects to a forward. */
async function reportOfRelay(world: World, program: string): Promise<string> {
  const name = 'with-relay';
  const path = join(world.directory, 'forward.sock');
  const words = [
    '--image',
    world.image,
    '-m',
    '64M',
    '--net',
    'none',
    '--display',
    'none',
    '-p',
    `${path}:80`,
  ];
  await world.vmlet(['create', name, ...words, '--start']);
  const definition = join(world.home, '.local/share/vmlet/machines', name);
  const argv = join(definition, 'keeper/relay.argv');
  writeFileSync(argv, readFileSync(argv, 'utf8').replaceAll(relayProgram(), program));
  const client = connect(path);
  try {
    await once(client, 'connect');
    await until(() => logOf(world, name, 'relay.log').includes('{"ends"'));
    const said = logOf(world, name, 'relay.log');
    // The client is still waiting: it is started again.
    return said.slice(0, said.indexOf('\n', said.indexOf('{"ends"')));
  } finally {
    client.destroy();
    await world.vmlet(['kill', name]);
  }
}

function logOf({ home }: World, machine: string, name: string): string {
  const spec = readFileSync(join(home, '.local/share/vmlet/machines', machine, 'spec.json'), 'utf8');
  const logs = join(home, '.local/state/vmlet/machines');
  const id = readdirSync(logs).find((one) => spec.includes(`"${one}"`));
  if (id === undefined) return `no logs of ${machine}`;
  const log = join(logs, id, name);
  // The keeper creates it when it starts the program.
  return existsSync(log) ? readFileSync(log, 'utf8') : '';
}

/** The same program, started without a wrapper. */
export async function attackFreely(world: World, { qemu }: Disguises): Promise<Attack> {
  refreshHome(world);
  const own = join(world.directory, 'free');
  mkdirSync(own);
  const child = spawn(
    join(qemu, 'qemu-system-x86_64'),
    ['-name', `guest=${HOSTILE}`, '-initrd', join(own, 'initrd')],
    { stdio: ['pipe', 'pipe', 'inherit', 'pipe'], env: { SECRET_TOKEN: 'not for QEMU' } },
  );
  child.stdin?.on('error', () => undefined);
  child.stdin?.end('for the guest alone\n');
  const [said] = await Promise.all([text(child.stdout!), once(child, 'exit')]);
  return { user: userOfNow(), where: undefined, ...readReport(said) };
}

function userOfNow(): Attack['user'] {
  return process.getuid?.() === 0 ? 'root' : 'an ordinary user';
}

/** The lines of the program’s last run, from its output. */
function readReport(said: string): Pick<Attack, 'attempts' | 'problem'> {
  const lines = said.slice(said.lastIndexOf('{"begins"') + 1).split('\n');
  const attempts = lines
    .filter((line) => line.startsWith('{"attempt"'))
    .map((line) => JSON.parse(line) as Attempt);
  if (attempts.length > 0 && lines.some((line) => line.startsWith('{"ends"'))) return { attempts };
  return { attempts, problem: `the report ends after “${attempts.at(-1)?.attempt}”: ${said.slice(-1000)}` };
}
