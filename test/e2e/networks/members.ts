import { expect } from 'vitest';
import type { Home } from '../named/home.ts';

/** The first packet may be lost: a start does not wait for the plug of loaded memory. */
const REACH = 'for at in 1 2 3 4 5; do ping -c 1 -W 2 "$0" && exit; done; exit 1';

/** Commands in a home that must succeed; each returns its output. */
export interface Members {
  readonly vmlet: (...args: string[]) => Promise<string>;
  /** Creates a machine with micro. */
  readonly create: (name: string, ...flags: string[]) => Promise<string>;
  /** Runs a program in a guest. */
  readonly inGuest: (name: string, ...argv: [string, ...string[]]) => Promise<string>;
  readonly ping: (from: string, to: string) => Promise<string>;
}

/** @param home the home of the present test. */
export function membersOf(home: () => Home): Members {
  const vmlet = async (...args: string[]): Promise<string> => {
    const { status, stdout, stderr } = await home().vmlet(...args);
    expect(status, `vmlet ${args.join(' ')}\n${stdout}${stderr}`).toBe(0);
    return stdout;
  };
  const inGuest = async (name: string, ...argv: [string, ...string[]]): Promise<string> => {
    const { status, stdout, stderr } = await home().exec(name, ...argv);
    expect(status, `${name}: ${argv.join(' ')}\n${stdout}${stderr}`).toBe(0);
    return stdout;
  };
  return {
    vmlet,
    create: async (name, ...flags) => vmlet('create', name, '--image', 'micro', ...flags),
    inGuest,
    ping: async (from, to) => inGuest(from, 'sh', '-c', REACH, to),
  };
}
