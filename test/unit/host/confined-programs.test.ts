import { describe, expect, it } from 'vitest';
import { confineQemu, resolverOf } from '../../../src/host/confined-programs.ts';
import { confine } from '../../../src/process/confine/confine.ts';
import type { FoundPath } from '../../../src/process/confine/found-path.ts';
import { type ConfinementAbilities, layersOf } from '../../../src/process/confine/layers.ts';
import { everyLayer, noNamespaces } from '../process/confine/abilities.ts';

const RESOLVED = '/run/systemd/resolve';

/** A host with systemd-resolved, where other paths are as named. */
function find(path: string): FoundPath {
  if (path === RESOLVED) return { path, kind: 'directory', links: [] };
  if (path !== '/etc/resolv.conf') return { path, kind: 'file', links: [] };
  const target = `${RESOLVED}/stub-resolv.conf`;
  return { path: target, kind: 'file', links: [{ path, target }] };
}

function wordsAboutResolved(abilities: ConfinementAbilities): string[] {
  const layers = layersOf({ connects: 'anywhere', longestFile: undefined }, abilities);
  const files = { readOnly: [], readWrite: [], own: [], kvm: false, resolver: resolverOf(layers) };
  const options = confine(confineQemu({ path: '/qemu', dataDirectories: [] }, files), layers, find);
  return options.filter((word) => word.startsWith(RESOLVED));
}

describe('QEMU with slirp', () => {
  it('sees only the resolver’s file, and no socket beside it', () => {
    expect(new Set(wordsAboutResolved(everyLayer))).toEqual(new Set([`${RESOLVED}/stub-resolv.conf`]));
  });

  it('can read a replaced resolver file if there are only rules', () => {
    expect(wordsAboutResolved({ ...everyLayer, namespaces: noNamespaces })).toContain(RESOLVED);
  });
});
