import { randomBytes } from 'node:crypto';
import { GuestMountError, InvalidInputError, LaunchError, TimedOutError } from '../../errors/index.ts';
import { type CreateOptions, MachineStore } from '../../machines/index.ts';
import { createFlags } from '../../public/named-options.ts';
import { guestEnvironment } from '../flags/flag-values.ts';
import { attributeOf, flagOf, givenOptions } from '../flags/option-flags.ts';
import type { RunFlags } from '../flags/run-options.ts';
import { SEED_FLAGS, type SeedFlags, seedOptions } from '../flags/seed-flags.ts';
import { ownedByUser } from '../flags/volume-owner.ts';
import { ProgressLine, describeImageProgress } from '../output/progress.ts';
import { printLine } from '../output/say.ts';
import { untilInterrupted } from '../session/until-interrupted.ts';
import { sayMountNews } from './mount-news.ts';

/** Flags of the command that the machine runs. All others are those of `create`. */
const OF_COMMAND = ['detach', 'name', 'rm', 'env', 'workdir', 'user'];

/**
 * `run --detach`: a named machine that runs the command, and ends with it.
 * @throws InvalidInputError for a flag that needs a connection to the command, or that named machines do not have.
 */
export async function runDetached(
  image: string | undefined,
  argv: readonly string[],
  flags: RunFlags & SeedFlags,
): Promise<void> {
  const seed = await seedOptions(flags);
  refuseOthers(flags);
  if (argv.length === 0) {
    throw new InvalidInputError('--detach', 'missing command', {
      hint:
        image === undefined || image === 'host'
          ? 'add the command at the end of the line; for a machine without a command, use vmlet create'
          : `give a command after the image; for a machine without a command: vmlet create NAME --image ${image} --start`,
    });
  }
  const name = flags.name ?? generatedName(image);
  const options: CreateOptions = {
    name,
    ...givenOptions(createFlags, ownedByUser(flags)),
    ...(image !== undefined && { image }),
    ...(seed && { seed }),
    // A command has no screen.
    display: 'none',
    command: {
      argv: [...argv],
      env: guestEnvironment(flags.env),
      cwd: flags.workdir,
      user: flags.user,
      remove: flags.rm ?? false,
    },
  };
  sayMountNews(flags);
  await untilInterrupted(async (signal) => start(new MachineStore(), options, signal));
  printLine(name);
}

async function start(store: MachineStore, options: CreateOptions, signal: AbortSignal): Promise<void> {
  const progress = new ProgressLine();
  const limits = {
    signal,
    onProgress: (news: Parameters<typeof describeImageProgress>[0]) =>
      progress.show(describeImageProgress(news)),
  };
  try {
    progress.show(`creating ${options.name}…`);
    const machine = await store.create(options, limits);
    progress.show(`starting ${options.name}…`);
    try {
      await machine.start(limits);
    } catch (error) {
      // The command has not run.
      await store.remove(options.name, { storage: true, force: true });
      throw withoutMachine(error);
    }
  } finally {
    progress.clear();
  }
}

/** Returns the error of a start without advice on its machine, which was removed: the cause has none. */
export function withoutMachine(error: unknown): unknown {
  for (const kind of [GuestMountError, LaunchError, TimedOutError]) {
    if (error instanceof kind && error.cause instanceof kind) return error.cause;
  }
  return error;
}

function refuseOthers(flags: RunFlags): void {
  const known = new Set([
    ...OF_COMMAND,
    ...createFlags.map(attributeOf),
    ...SEED_FLAGS.map((option) => option.attributeName()),
  ]);
  // A machine of `create --template` continues from memory and runs no command.
  known.delete('template');
  const other = Object.keys(flags).find((flag) => !known.has(flag));
  if (other === undefined) return;
  throw new InvalidInputError('--detach', `cannot be used together with ${flagOf(other)}`, {
    hint: `leave out --detach or ${flagOf(other)}`,
  });
}

/** As in `debian-13-3f9a2c`. */
function generatedName(image: string | undefined): string {
  const base = (image?.split('/').at(-1) ?? 'run').replace(/[^a-zA-Z0-9]+/g, '-').replace(/^-|-$/g, '');
  return `${base.slice(0, 40).replace(/-$/, '') || 'run'}-${randomBytes(3).toString('hex')}`;
}
