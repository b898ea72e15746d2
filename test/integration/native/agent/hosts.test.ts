import { writeFileSync } from 'node:fs';
import { constants } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { temporaryFolder } from '../../../../fixtures/agent/agent-process.ts';
import {
  formatNames,
  withNetworkNames,
  withNetworksOnly,
} from '../../../../src/machine/network/hosts-text.ts';
import { run } from '../../../../src/process/run.ts';
import { Scope } from '../../../../src/util/scope.ts';

const ROOT = join(import.meta.dirname, '../../../..');
const LIMIT_MS = 60_000;
const { errno } = constants;

const scope = new Scope();
let folder: string;

beforeAll(async () => {
  folder = temporaryFolder(scope);
  const system = join(ROOT, 'native/agent/system');
  const sources = [
    join(ROOT, 'fixtures/agent/set-hosts.c'),
    join(system, 'hosts.c'),
    join(system, 'system.c'),
    join(system, 'text_file.c'),
  ];
  const flags = ['-D_GNU_SOURCE', '-g', '-fsanitize=address,undefined', '-fno-sanitize-recover=all'];
  await run(['cc', ...flags, '-iquote', system, '-o', join(folder, 'set-hosts'), ...sources]);
});
afterAll(async () => scope.close());

interface Network {
  readonly network: string;
  readonly lines: readonly string[];
}

/**
 * Has the agent set the names of networks in an /etc that it has to itself.
 * @param script makes /etc/hosts of `$1/before`, and calls `set_hosts` or `set_name`, which print the errno.
 */
async function inEtc(script: string, before: string, networks: readonly Network[]): Promise<string> {
  writeFileSync(join(folder, 'before'), before);
  writeFileSync(join(folder, 'blocks'), formatNames(networks));
  const namespaces = ['--user', '--map-root-user', '--mount', '--uts'];
  const words = `set -eu; mount -t tmpfs none /etc; set_hosts() { "$1/set-hosts" <"$1/blocks"; }
    set_name() { "$1/set-hosts" "$2"; }; ${script}`;
  const { stdout } = await run(['unshare', ...namespaces, 'sh', '-c', words, 'sh', folder], {
    timeoutMs: LIMIT_MS,
  });
  return stdout.toString();
}

const LAN: Network = { network: 'lan', lines: ['10.9.0.2 db db.lan', '10.9.0.3 web web.lan'] };
const DMZ: Network = { network: 'dmz', lines: ['10.9.1.2 web web.dmz'] };
const OWN = '127.0.0.1 localhost\n# vmlet is here\n192.0.2.1 added\n';
const LARGE: Network = {
  network: 'large',
  lines: Array.from({ length: 15_000 }, (_, index) => `10.8.${index >> 8}.${index & 255} m${index}`),
};

/** As the host does it over the agent's files. */
const asOnHost = (before: string, networks: readonly Network[]): string =>
  networks.reduce(
    (text, { network, lines }) => withNetworkNames(text, network, lines),
    withNetworksOnly(
      before,
      networks.map(({ network }) => network),
    ),
  );

describe('the names of private networks that the agent gets at a boot', () => {
  it.each<[string, string, readonly Network[]]>([
    ['a file without names', OWN, [LAN, DMZ]],
    ['a file without a final newline', '127.0.0.1 localhost', [LAN]],
    ['an empty file', '', [LAN]],
    ['a file with the same names', OWN + formatNames([LAN, DMZ]), [LAN, DMZ]],
    [
      'other names between lines of the user',
      formatNames([{ ...LAN, lines: ['10.9.0.9 old'] }]) + OWN,
      [LAN],
    ],
    ['names of networks that the guest has left', formatNames([LAN, DMZ]) + OWN, [DMZ]],
    ['names of all networks that it has left', OWN + formatNames([LAN, DMZ]), []],
    ['marks of which one is missing', `# end of vmlet lan\n# vmlet lan\n${OWN}`, [DMZ]],
    ['a network whose name begins like another', formatNames([{ network: 'la', lines: [] }]) + OWN, [LAN]],
    ['many names', OWN + formatNames([LARGE]), [LARGE, LAN]],
  ])('change %s as the host does', async (_what, before, networks) => {
    const script = 'cp "$1/before" /etc/hosts; set_hosts "$1"; cat /etc/hosts';
    expect(await inEtc(script, before, networks)).toBe(`0\n${asOnHost(before, networks)}`);
  });

  it('make a file where there is none, and leave a file alone that has them', async () => {
    const script = `set_hosts "$1"; ls /etc; cat /etc/hosts; first=$(stat -c %i /etc/hosts)
      set_hosts "$1"; [ $first = $(stat -c %i /etc/hosts) ] && echo same`;
    expect(await inEtc(script, '', [LAN])).toBe(`0\nhosts\n${formatNames([LAN])}0\nsame\n`);
  });

  it('keep the mode of the file, and a symbolic link to it', async () => {
    const script = `mkdir /etc/static; cp "$1/before" /etc/static/hosts; chmod 640 /etc/static/hosts
      ln -s static/hosts /etc/hosts; set_hosts "$1"; stat -c '%F %a' /etc/hosts /etc/static/hosts; cat /etc/static/hosts`;
    expect(await inEtc(script, OWN, [LAN])).toBe(
      `0\nsymbolic link 777\nregular file 640\n${asOnHost(OWN, [LAN])}`,
    );
  });

  it('replace the file also where a killed guest has left an unfinished one', async () => {
    // A process of an earlier boot had this number.
    const script = `cp "$1/before" /etc/hosts
      sh -c 'echo unfinished >/etc/hosts.vmlet-$$; exec "$1/set-hosts"' sh "$1" <"$1/blocks"; ls /etc; cat /etc/hosts`;
    expect(await inEtc(script, OWN, [LAN])).toBe(`0\nhosts\n${asOnHost(OWN, [LAN])}`);
  });

  it.each([
    ['on a read-only file system', 'cp "$1/before" /etc/hosts; mount -o remount,bind,ro /etc', errno.EROFS],
    [
      'on which another one is mounted',
      'cp "$1/before" /etc/hosts; mount --bind /etc/hosts /etc/hosts',
      errno.EBUSY,
    ],
    ['that is a directory', 'mkdir /etc/hosts', errno.EINVAL],
    ['that is a pipe', 'mkfifo /etc/hosts', errno.EINVAL],
    ['that is too large', 'truncate -s 1M /etc/hosts', errno.EFBIG],
  ])('leave a file %s as it is', async (_what, make, reason) => {
    const script = `${make}; set_hosts "$1"; ls /etc; [ ! -f /etc/hosts ] || head -c 100 /etc/hosts | tr -d '\\000'`;
    const kept = make.startsWith('cp') ? OWN : '';
    expect(await inEtc(script, OWN, [LAN])).toBe(`${reason}\nhosts\n${kept}`);
  });
});

describe('the guest’s own name', () => {
  const LOCAL = '127.0.0.1 localhost\n::1 localhost ip6-localhost\n';

  it.each<[string, string, string]>([
    ['names of networks', formatNames([LAN]), `${LOCAL}127.0.1.1 web\n${formatNames([LAN])}`],
    ['lines of the user', OWN, `${OWN}127.0.1.1 web\n`],
    ['a line without a newline', '127.0.0.1 localhost', '127.0.0.1 localhost\n127.0.1.1 web\n'],
    ['both', OWN + formatNames([LAN, DMZ]), `${OWN}127.0.1.1 web\n${formatNames([LAN, DMZ])}`],
    ['nothing', '', `${LOCAL}127.0.1.1 web\n`],
    ['many names', OWN + formatNames([LARGE]), `${OWN}127.0.1.1 web\n${formatNames([LARGE])}`],
    ['itself', `${OWN}192.0.2.7 web\n${formatNames([LAN])}`, `${OWN}192.0.2.7 web\n${formatNames([LAN])}`],
  ])(
    'leads to the guest itself, before the names of networks, in a file with %s',
    async (_what, before, after) => {
      const script = 'cp "$1/before" /etc/hosts; set_name "$1" web; cat /etc/hosts';
      expect(await inEtc(script, before, [])).toBe(`0\n${after}`);
    },
  );

  it.each([
    ['a small', LAN],
    ['a large', LARGE],
  ])('replaces the former one in its line of %s file', async (_what, network) => {
    const script = 'cp "$1/before" /etc/hosts; set_name "$1" former; set_name "$1" web; cat /etc/hosts';
    const names = formatNames([network]);
    expect(await inEtc(script, OWN + names, [])).toBe(`0\n0\n${OWN}127.0.1.1 web\n${names}`);
  });

  it.each([
    ['a longer one', 'former'],
    ['a shorter one', 'me'],
    ['one of its length', 'app'],
  ])('replaces %s in /etc/hostname', async (_what, former) => {
    const script = `echo ${former} >/etc/hostname; set_name "$1" web; cat /etc/hostname`;
    expect(await inEtc(script, '', [])).toBe('0\nweb\n');
  });
});
