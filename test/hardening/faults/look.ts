import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { basename, join, relative } from 'node:path';
import { locate } from '../../../src/machine/paths/locations.ts';
import type { ListedMachine } from '../../../src/machines/index.ts';
import { type Home } from '../../e2e/named/home.ts';
import { keptDisks } from '../../e2e/named/truth.ts';

/**
 * The contents of a home, as text that is equal for two homes after the same operations: without random values and
 * dates.
 */
export async function look(home: Home): Promise<string> {
  const { images, templates } = locate(home.environment, home.path, 0);
  const machines = await Promise.all(home.machines().map(async (one) => lookAtMachine(home, one)));
  const sshConfig = join(home.path, '.ssh/config');
  const whole = {
    machines,
    // Unused bases of clones are removed with the next removal; the end of the case checks that.
    disks: keptDisks(home)
      .map((path) => basename(path))
      .filter((name) => !name.startsWith('base-')),
    images: namesIn(join(images, 'tags'))
      .concat(namesIn(images))
      .filter((name) => !name.startsWith('.')),
    templates: namesIn(templates).filter((name) => !name.startsWith('.')),
    sshConfig: existsSync(sshConfig) ? readFileSync(sshConfig, 'utf8') : '',
  };
  return JSON.stringify(whole, undefined, 1)
    .replaceAll(/base-[0-9a-f-]+/g, 'base-*')
    .replaceAll(/(?<=[-/"])[0-9a-f]{6,}/g, '*')
    .replaceAll(/("hostPort":\s*)\d+/g, '$1*');
}

async function lookAtMachine(home: Home, machine: ListedMachine): Promise<unknown> {
  if (!('spec' in machine)) return { name: machine.name, broken: true };
  const { id: _id, uuid: _uuid, mac: _mac, createdAt: _createdAt, ...spec } = machine.spec;
  const { status } = machine;
  const running = status.kind === 'running' ? status.state : 'off';
  const snapshots = await home.store.get(machine.name).snapshots();
  return {
    spec,
    status: status.kind === 'saved' ? 'saved' : running,
    snapshots: snapshots.map(({ name, memoryBytes, missingOn }) => ({
      name,
      memory: memoryBytes > 0,
      missingOn,
    })),
  };
}

export function namesIn(directory: string): string[] {
  return existsSync(directory) ? readdirSync(directory).sort() : [];
}

/** Files that a run may leave, beside its purpose. Half-written code is removed after 30 days, as unused code is. */
const BY_THE_WAY =
  /\/(end|run|plan)\.json$|\/keeper\.lock$|\.log(\.1)?$|\.ndjson(\.1)?$|\/serial\.start$|\/ssh\/config$|\/compiled\/[^/]*\.new$/;

/** All files and directories of a home, without the same parts. */
export function filesOf(home: Home): Set<string> {
  const entries = readdirSync(home.path, { recursive: true, withFileTypes: true });
  const paths = entries.map((entry) => relative(home.path, join(entry.parentPath, entry.name)));
  return new Set(
    paths
      .filter((path) => !BY_THE_WAY.test(`/${path}`))
      .map((path) => path.replaceAll(/[0-9a-f]{6,}|\d{3,}/g, '*')),
  );
}
