import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { replaceBootNames } from '../../../../src/machine/network/boot-names.ts';
import { definitionFiles } from '../../../../src/machines/record/machine-files.ts';
import type { Places } from '../../../../src/network/private/members.ts';
import { networkFiles, writeNetwork } from '../../../../src/network/private/network-shelf.ts';
import { type TemporaryDirectory, makeTemporaryDirectory } from '../../../directory.ts';

let directory: TemporaryDirectory;
let places: Places;

beforeEach(() => {
  directory = makeTemporaryDirectory();
  places = { machines: join(directory.path, 'machines'), networks: join(directory.path, 'networks') };
  for (const [index, name] of ['lan', 'dmz'].entries()) {
    mkdirSync(networkFiles(places.networks, name).directory, { recursive: true });
    writeNetwork(places.networks, {
      ...{ version: 1, name, createdAt: new Date(0).toISOString(), subnet: `10.9.${index}.0/24` },
      ...{ ipv6: 'fd12:3456:789a::', mtu: 1500, partitions: [] },
    });
  }
});
afterEach(() => directory.remove());

const filesOf = (name: string) => definitionFiles(join(places.machines, name));
const namesOf = (name: string): string => readFileSync(filesOf(name).names, 'utf8');

/** Defines a member of networks, each with its number in the addresses. */
function define(name: string, networks: Readonly<Record<string, number>>): void {
  const { directory: own, keeper, spec } = filesOf(name);
  mkdirSync(own, { recursive: true });
  mkdirSync(keeper, { recursive: true });
  const memberships = Object.entries(networks).map(([network, number]) => ({
    ...{ network, address: `10.9.${network === 'lan' ? 0 : 1}.${number}` },
    mac: `52:54:00:00:00:0${number}`,
  }));
  writeFileSync(spec, JSON.stringify({ networks: memberships }));
}

describe('the names that a keeper gives its guest at each boot', () => {
  it('are those of all members of its networks', () => {
    define('web', { lan: 2, dmz: 2 });
    define('db', { lan: 3 });
    replaceBootNames(places, 'web');
    replaceBootNames(places, 'db');
    const lan = '# vmlet lan\n10.9.0.3 db db.lan\n10.9.0.2 web web.lan\n# end of vmlet lan\n';
    expect(namesOf('db')).toBe(lan);
    expect(namesOf('web')).toBe(`${lan}# vmlet dmz\n10.9.1.2 web web.dmz\n# end of vmlet dmz\n`);
  });

  it('are none of a network that was removed by hand, or left', () => {
    define('web', { lan: 2, dmz: 2 });
    rmSync(networkFiles(places.networks, 'dmz').directory, { recursive: true });
    replaceBootNames(places, 'web');
    expect(namesOf('web')).toBe('# vmlet lan\n10.9.0.2 web web.lan\n# end of vmlet lan\n');
    define('web', {});
    replaceBootNames(places, 'web');
    expect(namesOf('web')).toBe('');
  });

  it('are not written for a machine that was never started, or is gone', () => {
    define('web', { lan: 2 });
    rmSync(filesOf('web').keeper, { recursive: true });
    replaceBootNames(places, 'web');
    replaceBootNames(places, 'gone');
    expect(existsSync(filesOf('web').keeper)).toBe(false);
    expect(existsSync(filesOf('gone').directory)).toBe(false);
  });
});
