import { afterAll, beforeAll, expect, it } from 'vitest';
import { type Machine, launch } from '../../../src/index.ts';
import { forgetSecrets, renewSecrets } from '../../../src/template/kept/fresh-system.ts';

/** The files of a system with systemd, cloud-init and OpenSSH, without its programs. */
const SYSTEM = `
set -e
mkdir -p /var/lib/systemd /run/cloud-init /etc/ssh
echo seed >/var/lib/systemd/random-seed
for end in '' .pub; do echo secret >/etc/ssh/ssh_host_ed25519_key$end; done
mkdir -p /var/lib/cloud/instances/i-old /var/lib/cloud/data
echo done >/var/lib/cloud/instances/i-old/boot-finished
ln -s /var/lib/cloud/instances/i-old /var/lib/cloud/instance
echo i-old >/var/lib/cloud/data/instance-id
echo i-old >/run/cloud-init/.instance-id
`;

let machine: Machine;
beforeAll(async () => {
  machine = await launch({ memory: '96M', net: 'none' });
});
afterAll(async () => machine[Symbol.asyncDispose]());

async function output(script: string): Promise<string> {
  const { stdout, stderr } = await machine.exec(['sh', '-c', script]);
  expect(stderr.toString()).toBe('');
  return stdout.toString();
}

const LOOK = 'cat /var/lib/cloud/data/instance-id /run/cloud-init/.instance-id; ls /var/lib/cloud/instances';

it('replaces the secrets and the identity of a booted system', async () => {
  await output(SYSTEM);
  expect(await forgetSecrets(machine, undefined)).toBe(true);
  expect(await output('ls /etc/ssh /var/lib/systemd; cat /run/vmlet-kept/keys')).toBe(
    '/etc/ssh:\n\n/var/lib/systemd:\ned25519\n',
  );

  await renewSecrets(machine, { awaitsServers: true });
  const id = /^vmlet-[0-9a-f-]{36}$/;
  const [data = '', run, instances] = (await output(LOOK)).trim().split('\n');
  expect(data).toMatch(id);
  expect([run, instances]).toEqual([data, data]);
  expect(await output('cat /var/lib/cloud/instance/boot-finished')).toBe('done\n');
  expect(await output('stat -c "%a %s" /var/lib/systemd/random-seed')).toBe('600 512\n');
  const seed = await output('sha256sum </var/lib/systemd/random-seed');

  // Another fork of the same guest.
  await renewSecrets(machine, { awaitsServers: true });
  const [other = ''] = (await output(LOOK)).split('\n');
  expect(other).toMatch(id);
  expect(other).not.toBe(data);
  expect(await output('sha256sum </var/lib/systemd/random-seed')).not.toBe(seed);
});

it('does not allow a system with the file /etc/vmlet/no-keep to be kept', async () => {
  await output('mkdir -p /etc/vmlet; : >/etc/vmlet/no-keep');
  expect(await forgetSecrets(machine, undefined)).toBe(false);
});

it('changes nothing in a guest that was not kept', async () => {
  await output('rm -r /run/vmlet-kept');
  const before = await output(LOOK);
  await renewSecrets(machine, { awaitsServers: true });
  expect(await output(LOOK)).toBe(before);
});
