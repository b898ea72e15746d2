import { readFileSync, realpathSync } from 'node:fs';
import { dirname } from 'node:path';
import { isSystemError } from '../errors.ts';

/** Whether programs may be run from what is or will be at `path`: the file system there is not mounted noexec. */
export function mayRunProgramsFrom(path: string): boolean {
  let table: string;
  try {
    table = readFileSync('/proc/self/mountinfo', 'utf8');
  } catch (error) {
    // Nobody says otherwise.
    if (isSystemError(error)) return true;
    throw error;
  }
  return !mountOptionsOf(realPathOf(path), table).includes('noexec');
}

/**
 * The options with which the file system at this path is mounted; pure.
 * @param path without symbolic links.
 * @param table as in /proc/PID/mountinfo, see proc_pid_mountinfo(5).
 */
export function mountOptionsOf(path: string, table: string): string[] {
  let found: { readonly point: string; readonly options: string } | undefined;
  for (const line of table.split('\n')) {
    const [, , , , point, options] = line.split(' ');
    if (point === undefined || options === undefined) continue;
    const real = point.replace(/\\([0-7]{3})/g, (_, code: string) =>
      String.fromCharCode(Number.parseInt(code, 8)),
    );
    // Of several at one place, the last one lies over the others.
    if (isWithin(path, real) && real.length >= (found?.point.length ?? 0)) found = { point: real, options };
  }
  return found?.options.split(',') ?? [];
}

function isWithin(path: string, point: string): boolean {
  return path === point || path.startsWith(point.endsWith('/') ? point : `${point}/`);
}

/** Of the nearest that exists. */
function realPathOf(path: string): string {
  try {
    return realpathSync(path);
  } catch (error) {
    if (isSystemError(error) && dirname(path) !== path) return realPathOf(dirname(path));
    if (isSystemError(error)) return path;
    throw error;
  }
}
