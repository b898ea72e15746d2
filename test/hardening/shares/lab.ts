import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Machine, VolumeInput } from '../../../src/index.ts';
import { launchAt } from '../../../src/machine/launch/launch.ts';
import { type Locations, locate } from '../../../src/machine/paths/locations.ts';
import type { Scope } from '../../../src/util/scope.ts';
import { makeHome } from '../../e2e/named/home.ts';
import { fileCallsProgram, pushFileCalls } from './file-calls.ts';

/** A place for directories and machines of its own, and file-calls for both sides. */
export interface Lab {
  readonly path: string;
  /** file-calls on the host. */
  readonly program: string;
  /** A new directory on the host. */
  readonly directory: (name: string) => string;
  /** A machine that has file-calls. */
  readonly machine: (volumes: readonly VolumeInput[], scope: Scope) => Promise<Machine>;
}

export async function makeLab(scope: Scope): Promise<Lab> {
  const home = await makeHome();
  scope.defer(async () => home.close());
  const locations: Locations = locate(home.environment, home.path, process.getuid?.() ?? 0);
  const program = await fileCallsProgram();
  return {
    path: home.path,
    program,
    directory: (name) => {
      const path = join(home.path, name);
      mkdirSync(path);
      return path;
    },
    machine: async (volumes, owner) => {
      const machine = await launchAt({ locations }, { net: 'none', memory: '256M', volumes });
      owner.defer(async () => {
        await machine.kill();
      });
      await pushFileCalls(machine, readFileSync(program));
      return machine;
    },
  };
}
