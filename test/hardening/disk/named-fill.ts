import { truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { NoSpaceError } from '../../../src/errors/index.ts';
import type { MachineStatus, VmletChannel } from '../../../src/machines/index.ts';
import { Scope } from '../../../src/util/scope.ts';
import type { HardeningOptions } from '../section.ts';
import { type FillResult, bytesFor, fill } from './full-disk.ts';
import { type SmallHome, makeSmallHome } from './small-home.ts';
import { until } from '../../until.ts';

const DISK_BYTES = 2 ** 30;

/** A named machine, whose disk is its own qcow2 or a raw file that it adopted. */
export async function fillNamed(
  format: 'qcow2' | 'raw',
  pauses: number,
  options: HardeningOptions,
): Promise<FillResult> {
  await using scope = new Scope();
  const home = await makeSmallHome(bytesFor(pauses), scope);
  const raw = join(home.path, 'disk.raw');
  if (format === 'raw') {
    writeFileSync(raw, '');
    truncateSync(raw, DISK_BYTES);
  }
  const disks = [format === 'raw' ? `${raw},format=raw,adopt` : String(DISK_BYTES)];
  await home.store.create({ name: 'm', image: 'micro', memory: '128M', net: 'none', disks });
  const live = await home.store.get('m').start();
  const channel = await live.openGuest(options);
  scope.defer(async () => channel[Symbol.asyncDispose]());
  const { agent } = channel as VmletChannel;
  const label = `named, ${format}`;
  const result = await fill(
    {
      label,
      exec: (argv) => agent.exec(argv, { stdin: 'empty' }),
      standsStill: () => outOfSpace(home) !== undefined,
      lookAtPause: async () => lookAtPause(home),
      resume: async () =>
        live.resume().catch((error: unknown) => {
          // The guest may have been faster than this check.
          if (!(error instanceof NoSpaceError)) throw error;
        }),
      stop: async () => {
        await agent.close();
        home.takeRoom();
        await expectToWork(home, 'stop');
        const [disk] = await home.store.get('m').disks();
        if (!disk) throw new Error('the machine has lost its disk');
        return disk;
      },
    },
    pauses,
    home,
    options,
  );
  await expectToWork(home, 'rm', '--storage');
  return result;
}

/** Commands that free space have to work without any. @throws Error with the command’s output. */
async function expectToWork(home: SmallHome, ...verb: string[]): Promise<void> {
  const { status, stderr } = await home.vmlet(...verb, 'm');
  if (status !== 0) throw new Error(`vmlet ${verb.join(' ')} on a full disk: ${stderr}`);
}

function outOfSpace({ store }: SmallHome): string | undefined {
  const status = store.get('m').status();
  return status.kind === 'running' && status.state === 'io-error' ? status.outOfSpace?.disk : undefined;
}

/** All messages that tell a user of the pause. */
async function lookAtPause(home: SmallHome): Promise<string[]> {
  const table = await home.vmlet('ls');
  const json = await home.vmlet('ls', '--json');
  const [listed] = (JSON.parse(json.stdout) as { machines: { state: string; status: MachineStatus }[] })
    .machines;
  const resumed = await home.vmlet('resume', 'm');
  const entered = await home.vmlet('exec', 'm', 'true');
  const checks: Readonly<Record<string, boolean>> = {
    'the library says it': outOfSpace(home) === 'disk0',
    'ls says it':
      /io-error .*no space left on the host for disk0; free some space, then resume the machine/.test(
        table.stdout,
      ),
    'ls --json says it': listed?.state === 'io-error' && 'outOfSpace' in listed.status,
    'resume says that there is still no space':
      resumed.status === 125 &&
      resumed.stderr.includes('machine "m" was paused again: no space left on the host'),
    'exec says why nobody answers':
      entered.status === 125 && entered.stderr.includes('machine "m" is paused: no space left on the host'),
    'events has it': await isInEvents(home),
  };
  return Object.keys(checks).filter((what) => checks[what] === false);
}

async function isInEvents(home: SmallHome): Promise<boolean> {
  const events = home.start(['events', '--json', '--since-start', 'm']);
  try {
    const line = await until(() =>
      events
        .stdout()
        .split('\n')
        .slice(0, -1)
        .findLast((one) => one.includes('BLOCK_IO_ERROR')),
    );
    const { machine, data } = JSON.parse(line) as { machine: string; data: Record<string, unknown> };
    return (
      machine === 'm' &&
      data['node-name'] === 'disk0' &&
      data['nospace'] === true &&
      data['action'] === 'stop'
    );
  } finally {
    events.process.kill('SIGINT');
    await events.finished;
  }
}
