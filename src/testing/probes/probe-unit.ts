import { GuestCommandError, GuestFileError, GuestUnitError } from '../../errors/index.ts';
import type { ProbedGuest } from './guest-run.ts';
import type { Look, Sight } from './wait-until.ts';

const JOURNAL_LINES = 20;
const PROPERTIES = ['LoadState', 'ActiveState', 'SubState', 'Result', 'LoadError'] as const;

/** Properties of a unit, see systemd.unit(5) and org.freedesktop.systemd1(5). */
type UnitState = Readonly<Partial<Record<(typeof PROPERTIES)[number], string>>>;

/**
 * Checks that a systemd unit is in a state such as `active`.
 * Throws GuestUnitError when the unit has failed or is unknown, unless that is the expected state.
 */
export function lookForUnit(guest: ProbedGuest, unit: string, wanted: string): Look<undefined> {
  return async (signal) => {
    const state = await readUnit(guest, unit, signal);
    const sight = sightOf(unit, state, wanted);
    if ('found' in sight || typeof state === 'string') return sight;
    if (state.LoadState === 'not-found') {
      throw new GuestUnitError(unit, 'does not exist in the guest', [], {
        hint: 'check the name, or install the package that contains the unit; after adding a unit file, run in the guest: systemctl daemon-reload',
      });
    }
    if (state.ActiveState === 'failed' || state.LoadState === 'bad-setting') {
      const journal = await readJournal(guest, unit, signal);
      throw new GuestUnitError(unit, `is ${describeUnit(state)} in the guest`, journal);
    }
    return sight;
  };
}

/** Checks once: a failed or unknown unit is simply not in the state. */
export function lookAtUnit(guest: ProbedGuest, unit: string, wanted: string): Look<undefined> {
  return async (signal) => sightOf(unit, await readUnit(guest, unit, signal), wanted);
}

function sightOf(unit: string, state: UnitState | string, wanted: string): Sight<undefined> {
  if (typeof state === 'string') return { seen: state };
  if (state.ActiveState === wanted) return { found: undefined };
  return { seen: `${unit} is ${describeUnit(state)}` };
}

function describeUnit({ LoadState, ActiveState, SubState, Result, LoadError }: UnitState): string {
  // A D-Bus error name and a sentence, as in `org.freedesktop.systemd1.NoSuchUnit "Unit x.service not found."`.
  const sentence = /"(.*?)\.?"$/.exec(LoadError ?? '')?.[1];
  const error = sentence === undefined ? '' : `, ${sentence}`;
  if (LoadState !== 'loaded') return `not loaded (${LoadState ?? 'unknown'}${error})`;
  const result = Result === undefined || Result === '' || Result === 'success' ? '' : `, result ${Result}`;
  return `${ActiveState ?? 'unknown'} (${SubState ?? 'unknown'}${result})`;
}

/** @returns a description when systemd does not answer yet. */
async function readUnit(guest: ProbedGuest, unit: string, signal: AbortSignal): Promise<UnitState | string> {
  const properties = PROPERTIES.map((name) => `--property=${name}`);
  try {
    const { exitCode, stdout, stderr } = await guest.exec(['systemctl', 'show', ...properties, '--', unit], {
      signal,
      env: { LC_ALL: 'C' },
    });
    if (exitCode === 0) return parseProperties(stdout.toString());
    const words = stderr.toString().trim();
    if (await isSystemdRunning(guest, signal)) return `systemctl failed: ${words}`;
    throw new GuestUnitError(unit, `cannot be checked: ${words}`, [], { hint: WITHOUT_SYSTEMD });
  } catch (error) {
    if (!(error instanceof GuestCommandError) || error.errno !== 'ENOENT') throw error;
    throw new GuestUnitError(unit, 'cannot be checked: the guest has no systemctl', [], {
      hint: WITHOUT_SYSTEMD,
      cause: error,
    });
  }
}

const WITHOUT_SYSTEMD = 'wait for a port, a file or a command instead: systemd does not run in this guest';

function parseProperties(text: string): UnitState {
  const pairs = text.split('\n').map((line) => {
    const equals = line.indexOf('=');
    return [line.slice(0, equals), line.slice(equals + 1)];
  });
  return Object.fromEntries(pairs) as UnitState;
}

/** By sd_booted(3): the directory exists from systemd's start on. */
async function isSystemdRunning(guest: ProbedGuest, signal: AbortSignal): Promise<boolean> {
  try {
    await guest.readFile('/run/systemd/system', { signal });
    return true;
  } catch (error) {
    if (error instanceof GuestFileError) return error.errno === 'EISDIR';
    throw error;
  }
}

async function readJournal(guest: ProbedGuest, unit: string, signal: AbortSignal): Promise<string[]> {
  const argv = ['journalctl', '--no-pager', '--quiet', '--output=cat', `--lines=${JOURNAL_LINES}`];
  try {
    const { stdout } = await guest.exec([...argv, `--unit=${unit}`], { signal });
    return stdout
      .toString()
      .split('\n')
      .filter((line) => line !== '');
  } catch (error) {
    // A guest without a journal has no lines; the failure of the unit is what matters.
    if (error instanceof GuestCommandError) return [];
    throw error;
  }
}
