import { stripVTControlCharacters } from 'node:util';
import { InvalidInputError } from '../../errors/index.ts';
import { followLog } from '../../machine/logs/log-file.ts';
import type { NamedPlan } from '../../machine/plan/named-plan.ts';
import { type Endpoint, probeForward, probeSsh } from '../../network/probe/forward-probe.ts';
import type { Definition } from '../record/definition.ts';
import { findWitness } from './forward-witness.ts';
import { lookAtCloudInit, pauseAfterLook } from './cloud-init.ts';
import { findGuestAddresses } from '../look/guest-addresses.ts';
import { findGuestChannel } from '../channel/guest-channel.ts';
import { requireMounts } from '../channel/failed-mounts.ts';
import { isPassingFailure } from '../channel/passing-failure.ts';
import { probeSshByAgent } from '../channel/ssh-by-agent.ts';
import { SSH_PORT, boundForwards, tcpEndpoint } from '../spec/forwards.ts';
import type { ProcessIdentity } from '../../process/procfs/identity.ts';
import { readPlan } from '../record/machine-plan-file.ts';
import { describeStatus, processorsRun, readStatus } from '../record/machine-status.ts';
import { readSerialStart } from '../channel/serial-start.ts';
import { isInNetwork } from '../../util/internet/in-network.ts';
import { pause } from '../../util/time/pause.ts';

/** Conditions of `waitFor`; all that are given must become true. */
export interface WaitConditions {
  /** The machine's processors run. */
  readonly running?: boolean | undefined;
  /**
   * vmlet's or QEMU's agent answers.
   * @throws GuestMountError when the guest lacks a directory, volume or tmpfs.
   */
  readonly agent?: boolean | undefined;
  /** An ssh server answers at the forward to port 22; without one, through vmlet's agent, or on a bridge at the guest's own address. */
  readonly ssh?: boolean | undefined;
  /** TCP ports of the guest, each with a forward, that accept connections. */
  readonly ports?: readonly number[] | undefined;
  /** Each pattern matches a line of the guest's serial port since its start, with control sequences removed. */
  readonly log?: readonly RegExp[] | undefined;
  /**
   * cloud-init has finished since this boot.
   * @throws CloudInitError when it failed, is missing or does not run.
   */
  readonly cloudInit?: boolean | undefined;
  /** The machine is not running. */
  readonly stopped?: boolean | undefined;
}

export interface Looks {
  readonly signal: AbortSignal;
  readonly saw: (seen: string) => void;
}

export interface Condition {
  readonly name: string;
  /** `start` comes before the machine runs, `live` fails when the machine ends, `end` comes last. */
  readonly stage: 'start' | 'live' | 'end';
  /** True when the condition cannot become true after the guest's kernel has died. */
  readonly needsKernel?: boolean;
  readonly wait: (definition: Definition, looks: Looks) => Promise<void>;
}

const LOOK_EVERY_MS = 100;
const AGENT_MS = 10_000;
/** A connection made before the guest has a network is lost; a slow server needs a long attempt. */
const PATIENCE_MS = [1000, 1000, 6000];
/** Longer lines are matched in parts. */
const LONGEST_LINE = 64 * 1024;

/** @throws InvalidInputError */
export function conditionsOf(wanted: WaitConditions): Condition[] {
  const conditions: Condition[] = [
    ...(wanted.running ? [running] : []),
    ...(wanted.agent ? [agent] : []),
    ...(wanted.ssh ? [ssh] : []),
    ...(wanted.cloudInit ? [cloudInit] : []),
    ...(wanted.ports ?? []).map(port),
    ...(wanted.log ?? []).map(log),
    ...(wanted.stopped ? [stopped] : []),
  ];
  if (conditions.length > 0) return conditions;
  throw new InvalidInputError('conditions', 'no condition was given', {
    hint: 'give at least one condition, for example: machine.waitFor({ ssh: true })',
  });
}

export async function pauseBetweenLooks(signal: AbortSignal, milliseconds = LOOK_EVERY_MS): Promise<void> {
  await pause(milliseconds, signal);
}

const running: Condition = {
  name: 'running',
  stage: 'start',
  wait: async ({ files }, { signal, saw }) =>
    until(signal, () => {
      const status = readStatus(files);
      saw(describeStatus(status));
      return processorsRun(status);
    }),
};

const stopped: Condition = {
  name: 'stopped',
  stage: 'end',
  wait: async ({ files }, { signal, saw }) => {
    let first: ProcessIdentity | undefined;
    await until(signal, () => {
      const status = readStatus(files);
      saw(describeStatus(status));
      if (status.kind !== 'running') return true;
      first ??= status.keeper;
      // A restart stops it for less than the time between two checks.
      return status.keeper.pid !== first.pid || status.keeper.startTime !== first.startTime;
    });
  },
};

const agent: Condition = {
  name: 'agent',
  stage: 'live',
  needsKernel: true,
  wait: async (definition, { signal, saw }) =>
    until(signal, async () => {
      try {
        await using channel = await findGuestChannel(definition, { timeoutMs: AGENT_MS, signal });
        if (channel) requireMounts(definition);
        else saw('no agent is running in the guest');
        return channel !== undefined;
      } catch (error) {
        saw(failedLook(error));
        return false;
      }
    }),
};

const cloudInit: Condition = {
  name: 'cloud-init',
  stage: 'live',
  needsKernel: true,
  wait: async (definition, { signal, saw }) => {
    for (;;) {
      const begin = performance.now();
      try {
        const look = await lookAtCloudInit(definition, { timeoutMs: AGENT_MS, signal });
        if (look.done) return;
        saw(look.seen);
      } catch (error) {
        saw(failedLook(error));
      }
      await pauseBetweenLooks(signal, pauseAfterLook(performance.now() - begin));
    }
  },
};

const ssh: Condition = {
  name: 'ssh',
  stage: 'live',
  needsKernel: true,
  wait: async (definition, { signal, saw }) =>
    untilProbed(signal, async (patienceMs) => {
      const plan = readPlan(definition.files);
      if (tcpEndpoint(boundForwards(plan), SSH_PORT) === undefined) {
        // Only a bridge is another way, whose turn comes soon.
        const limits = plan.bridges.length > 0 ? { timeoutMs: patienceMs, signal } : { signal };
        const byAgent = await probeSshByAgent(definition, limits);
        saw('banner' in byAgent ? byAgent.banner : noSshByAgent(byAgent.seen, definition, plan));
        if ('banner' in byAgent) return true;
        if (plan.bridges.length === 0) return false;
      }
      const endpoint = await endpointOf(definition, SSH_PORT, signal);
      if ('problem' in endpoint) {
        saw(endpoint.problem);
        return false;
      }
      const found = await probeSsh(endpoint, { patienceMs, signal });
      saw('banner' in found ? found.banner : found.seen);
      return 'banner' in found;
    }),
};

function noSshByAgent(seen: string, { spec }: Definition, { network }: Pick<NamedPlan, 'network'>): string {
  return `${seen}, and no host port is forwarded to port ${SSH_PORT} of the guest${forwardAdvice(spec.name, network, SSH_PORT)}`;
}

function port(number: number): Condition {
  return {
    name: `port ${number}`,
    stage: 'live',
    needsKernel: true,
    wait: async (definition, { signal, saw }) =>
      untilProbed(signal, async (patienceMs) => {
        const endpoint = await endpointOf(definition, number, signal);
        if ('problem' in endpoint) {
          saw(endpoint.problem);
          return false;
        }
        const witness = await findWitness(definition, number, signal);
        const answer = await probeForward(endpoint, witness, { patienceMs, signal });
        saw(ANSWERS[answer]);
        return answer === 'accepts';
      }),
  };
}

const ANSWERS = {
  accepts: 'the guest accepts connections',
  refuses: 'the guest refuses connections',
  silent: 'the guest does not answer',
  'not forwarded': 'the forwarded host port does not accept connections',
} as const;

function log(pattern: RegExp): Condition {
  return {
    name: `log ${pattern.source}`,
    stage: 'live',
    wait: async ({ files }, { signal, saw }) => {
      let line = '';
      const decoder = new TextDecoder();
      for await (const bytes of followLog(files.serialLog, { from: readSerialStart(files), signal })) {
        const lines = (line + decoder.decode(bytes, { stream: true })).split('\n');
        line = (lines.at(-1) ?? '').slice(-LONGEST_LINE);
        const plain = lines.map(printed);
        // The last line may be incomplete; a prompt never ends with a newline.
        if (plain.some((text) => matches(pattern, text))) return;
        const last = plain.findLast((text) => text.trim() !== '');
        if (last !== undefined) saw(`the last line is ${JSON.stringify(last.slice(-200))}`);
      }
    },
  };
}

function printed(line: string): string {
  return stripVTControlCharacters(line).replaceAll('\r', '');
}

/** Resets `lastIndex`: a pattern with the flag g or y would continue after its last match. */
function matches(pattern: RegExp, text: string): boolean {
  pattern.lastIndex = 0;
  return pattern.test(text);
}

/** Returns the host's endpoint for a port of the guest. */
export async function endpointOf(
  definition: Definition,
  guestPort: number,
  signal: AbortSignal | undefined,
): Promise<Endpoint | { readonly problem: string }> {
  const plan = readPlan(definition.files);
  const { name } = definition.spec;
  const endpoint = tcpEndpoint(boundForwards(plan), guestPort);
  if (endpoint) return endpoint;
  if (plan.bridges.length > 0) {
    try {
      const { addresses } = await findGuestAddresses(definition, { signal });
      const onBridge = addresses.find(({ address }) => !isInside(address, plan));
      if (onBridge) return { address: onBridge.address, port: guestPort };
      const advice = forwardAdvice(name, plan.network, guestPort);
      return { problem: `machine "${name}" has no known address on a bridge yet${advice}` };
    } catch (error) {
      return { problem: failedLook(error) };
    }
  }
  throw new InvalidInputError(
    'port',
    `machine "${name}" has no forward to TCP port ${guestPort} of the guest`,
    {
      hint: plan.network
        ? `add a forward: vmlet port add ${name} ${guestPort}`
        : `give the machine a network first: vmlet set ${name} --net auto && vmlet restart ${name}`,
    },
  );
}

function forwardAdvice(name: string, network: NamedPlan['network'], guestPort: number): string {
  return network ? `; to add a forward, run: vmlet port add ${name} ${guestPort}` : '';
}

/** True for an address of a network that vmlet makes for the guest: the host cannot reach it. */
export function isInside(
  address: string,
  { network, privateCards }: Pick<NamedPlan, 'network' | 'privateCards'>,
): boolean {
  const assigned = [...(network?.guest.addresses ?? []), ...privateCards.flatMap((card) => card.addresses)];
  return assigned.some((inside) => isInNetwork(address, inside));
}

/** Describes a failure that may be temporary. @throws any other error. */
function failedLook(error: unknown): string {
  if (!isPassingFailure(error)) throw error;
  return error.message;
}

async function until(signal: AbortSignal, look: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await look())) await pauseBetweenLooks(signal);
}

async function untilProbed(
  signal: AbortSignal,
  look: (patienceMs: number) => Promise<boolean>,
): Promise<void> {
  let count = 0;
  await until(signal, async () => look(PATIENCE_MS[count++ % PATIENCE_MS.length] ?? 0));
}
