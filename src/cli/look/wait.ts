import { Command, InvalidArgumentError } from 'commander';
import { InvalidInputError } from '../../errors/index.ts';
import {
  MachineStore,
  type WaitConditions,
  type WaitOptions,
  type WaitProgress,
} from '../../machines/index.ts';
import { exitCodeOfSignal } from '../output/exit-code.ts';
import { ProgressLine, describeWait } from '../output/progress.ts';
import { note, printLine } from '../output/say.ts';
import { choice, durationMs } from '../flags/flag-values.ts';
import { untilInterrupted } from '../session/until-interrupted.ts';

const CONDITIONS = ['running', 'agent', 'ssh', 'cloud-init', 'port=', 'log=', 'stopped'];

export function waitCommand(): Command {
  return new Command('wait')
    .description(
      'Waits until each condition given with --for has been true once:\n' +
        '  running     the machine is running; if it is stopped, waits for its start\n' +
        '  agent       vmlet’s agent or QEMU’s guest agent answers\n' +
        '  ssh         the ssh server of the guest answers\n' +
        '  port=N      a server accepts connections on TCP port N of the guest; the\n' +
        '              port must be forwarded, except with --net bridge=NAME\n' +
        '  cloud-init  the setup of the first boot is complete; if it failed, prints\n' +
        '              the error and exits with 125\n' +
        '  log=RE      a line of the serial log matches the JavaScript regular\n' +
        '              expression RE; lines before the last start do not count\n' +
        '  stopped     the machine is not running\n' +
        'Exits with 124 when --timeout has passed, and with 125 if the machine ends too early. Without --for, waits ' +
        'for the command of a machine that was created by vmlet run --detach, prints the exit status of the command, and ' +
        'exits with the same status. If the machine was created with --rm, this also works for an hour after its removal.',
    )
    .argument('<machine>', 'name of the machine')
    .addOption(
      choice(
        '--for <condition>',
        'condition to wait for; with several --for, waits for all of them',
        CONDITIONS,
      ).argParser(collectCondition),
    )
    .option(
      '-t, --timeout <time>',
      'how long to wait (default: 2m; 10m with cloud-init; six times as long without KVM; no limit without --for)',
      durationMs,
    )
    .action(wait);
}

async function wait(
  name: string,
  flags: { readonly for?: readonly string[]; readonly timeout?: number },
): Promise<void> {
  const store = new MachineStore();
  if (flags.for === undefined) {
    await waitForCommand(store, name, flags.timeout);
    return;
  }
  const machine = store.get(name);
  const conditions = parseConditions(flags.for);
  await showingProgress(name, async (options) =>
    machine.waitFor(conditions, { ...options, timeoutMs: flags.timeout }),
  );
}

async function waitForCommand(
  store: MachineStore,
  name: string,
  timeoutMs: number | undefined,
): Promise<void> {
  const {
    exitCode = 0,
    signal,
    problem,
  } = await showingProgress(name, async (options) => store.waitForCommand(name, { ...options, timeoutMs }));
  printLine(String(signal === undefined ? exitCode : exitCodeOfSignal(signal)));
  if (problem !== undefined) note(problem);
  process.exitCode = signal === undefined ? exitCode : exitCodeOfSignal(signal);
}

/** Shows what the wait sees, and ends it with Ctrl-C. */
async function showingProgress<T>(name: string, wait: (options: WaitOptions) => Promise<T>): Promise<T> {
  const progress = new ProgressLine();
  const onProgress = (waiting: readonly WaitProgress[]): void => progress.show(describeWait(name, waiting));
  try {
    return await untilInterrupted(async (signal) => wait({ signal, onProgress }));
  } finally {
    progress.clear();
  }
}

function collectCondition(text: string, earlier: readonly string[] = []): string[] {
  const [kind = '', ...value] = text.split('=');
  if (!CONDITIONS.includes(value.length > 0 ? `${kind}=` : kind)) {
    throw new InvalidArgumentError('expected running, agent, ssh, cloud-init, port=N, log=RE or stopped');
  }
  return [...earlier, text];
}

export function parseConditions(texts: readonly string[]): WaitConditions {
  const valuesOf = (kind: string): string[] =>
    texts.filter((text) => text.startsWith(`${kind}=`)).map((text) => text.slice(kind.length + 1));
  return {
    running: texts.includes('running'),
    agent: texts.includes('agent'),
    ssh: texts.includes('ssh'),
    cloudInit: texts.includes('cloud-init'),
    stopped: texts.includes('stopped'),
    ports: valuesOf('port').map(parsePort),
    log: valuesOf('log').map(parsePattern),
  };
}

function parsePort(text: string): number {
  const port = /^\d{1,5}$/.test(text) ? Number(text) : 0;
  if (port >= 1 && port <= 65_535) return port;
  throw new InvalidInputError('for', `invalid port "${text}"; expected a number from 1 to 65535`);
}

function parsePattern(text: string): RegExp {
  try {
    return new RegExp(text, 'u');
  } catch (error) {
    throw new InvalidInputError('for', `invalid pattern "${text}": ${(error as Error).message}`, {
      hint: 'use a JavaScript regular expression, such as --for "log=login:"',
      cause: error,
    });
  }
}
