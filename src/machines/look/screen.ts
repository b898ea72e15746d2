import type { Socket } from 'node:net';
import { ConnectError, type ExitStatus, MissingDeviceError, QmpConnectError } from '../../errors/index.ts';
import { quoteForShell } from '../../machine/qemu/quote.ts';
import { takeScreenshot } from '../../machine/screen/screenshot.ts';
import { chooseViewer } from '../../machine/screen/viewer.ts';
import { runInForeground } from '../../process/foreground.ts';
import { findProgram } from '../../process/program.ts';
import { connectToPath } from '../../qmp/wire/socket-path.ts';
import type { Limits } from '../../util/time/deadline.ts';
import type { Definition } from '../record/definition.ts';
import type { MachineSpec } from '../spec/machine-spec.ts';
import { readPlan } from '../record/machine-plan-file.ts';
import { withMonitor } from '../channel/monitor.ts';

/** A command that shows a machine's screen. */
export interface ViewerCommand {
  readonly argv: readonly [string, ...string[]];
  /** The command quoted for a shell. */
  readonly line: string;
}

/**
 * Returns the machine's screen as PNG.
 * @throws MissingDeviceError, MachineStateError, MachineEndedError, or the signal's reason.
 */
export async function screenshotMachine(definition: Definition, { signal }: Limits): Promise<Buffer> {
  screenOf(definition);
  const { sockets } = definition.files;
  return withMonitor(definition, async (qmp) => takeScreenshot(qmp, { directory: sockets, signal }), {
    signal,
  });
}

/**
 * Connects to the VNC server of the screen; waits while other clients are being accepted.
 * @throws MissingDeviceError, ConnectError, or the signal's reason.
 */
export async function connectToScreen(definition: Definition, limits: Limits): Promise<Socket> {
  const path = screenOf(definition);
  try {
    return await connectToPath(path, limits);
  } catch (error) {
    if (!(error instanceof QmpConnectError)) throw error;
    throw new ConnectError(path, 'QEMU does not accept the connection', {
      hint: `try again; if this does not help, restart the machine: vmlet restart ${definition.spec.name}`,
      cause: error,
    });
  }
}

/** @throws MissingDeviceError without a screen, or MissingProgramError with a hint on what to install. */
export function viewerOf(definition: Definition): ViewerCommand {
  const argv = chooseViewer(screenOf(definition), findProgram);
  return { argv, line: argv.map(quoteForShell).join(' ') };
}

/** Shows the screen until the viewer exits. @throws what `viewerOf` throws, ProcessStartError. */
export async function viewMachine(definition: Definition): Promise<ExitStatus> {
  return runInForeground(viewerOf(definition).argv);
}

/** Returns the VNC socket of the screen. */
function screenOf({ spec, files }: Definition): string {
  const { vncSocket } = readPlan(files);
  if (vncSocket !== undefined) return vncSocket;
  throw noScreen(spec, 'display', 'has no screen');
}

/** Returns the error for a machine without a screen, or without the keyboard that comes with it. */
export function noScreen({ name, boot }: MachineSpec, device: string, problem: string): MissingDeviceError {
  const added = device === 'keyboard' ? 'a screen, which comes with a keyboard' : 'a screen';
  const hint =
    boot.kind === 'image'
      ? `use its serial console: vmlet console ${name}`
      : `add ${added}: vmlet set ${name} --display vnc && vmlet restart ${name}`;
  return new MissingDeviceError(device, `machine "${name}" ${problem}`, { hint });
}
