import { type ExitStatus, MissingDeviceError } from '../../errors/index.ts';
import { quoteForShell } from '../../machine/qemu/quote.ts';
import { takeScreenshot } from '../../machine/screen/screenshot.ts';
import { chooseViewer } from '../../machine/screen/viewer.ts';
import { runInForeground } from '../../process/foreground.ts';
import { findProgram } from '../../process/program.ts';
import type { Limits } from '../../util/time/deadline.ts';
import type { Definition } from '../record/definition.ts';
import type { MachineSpec } from '../spec/machine-spec.ts';
import { readPlan } from '../record/machine-plan-file.ts';
import { withMonitor } from '../channel/monitor.ts';

/** The program that shows a machine's screen, as it would be run. */
export interface ViewerCommand {
  readonly argv: readonly [string, ...string[]];
  /** The same for a shell. */
  readonly line: string;
}

/**
 * What the machine shows, as PNG.
 * @throws MissingDeviceError, MachineStateError, MachineEndedError, or the signal's reason.
 */
export async function screenshotMachine(definition: Definition, { signal }: Limits): Promise<Buffer> {
  screenOf(definition);
  const { sockets } = definition.files;
  return withMonitor(definition, async (qmp) => takeScreenshot(qmp, { directory: sockets, signal }), {
    signal,
  });
}

/** @throws MissingDeviceError where there is no screen, MissingProgramError that says what to install. */
export function viewerOf(definition: Definition): ViewerCommand {
  const argv = chooseViewer(screenOf(definition), findProgram);
  return { argv, line: argv.map(quoteForShell).join(' ') };
}

/** Shows the screen until the viewer is closed. @throws what `viewerOf` throws, ProcessStartError. */
export async function viewMachine(definition: Definition): Promise<ExitStatus> {
  return runInForeground(viewerOf(definition).argv);
}

/** The socket at which the screen is shown. */
function screenOf({ spec, files }: Definition): string {
  const { vncSocket } = readPlan(files);
  if (vncSocket !== undefined) return vncSocket;
  throw noScreen(spec, 'display', 'has no screen');
}

/** For a machine without a screen, or without the keyboard that belongs to it. */
export function noScreen({ name, boot }: MachineSpec, device: string, problem: string): MissingDeviceError {
  const hint =
    boot.kind === 'image'
      ? `micro speaks on its serial console: vmlet console ${name}`
      : `give it one: vmlet set ${name} --display vnc, and then vmlet restart ${name}`;
  return new MissingDeviceError(device, `${name} ${problem}`, { hint });
}
