import type { Seed, SeedFile } from './options.ts';
import type { SeedTarget } from './target.ts';

/**
 * A seed as cloud-config, without the user's own user-data. Commands are strings: the lesser readers of seeds do not
 * take lists.
 * @param bootCommand runs at every boot, before anything else.
 */
export function cloudConfig(
  seed: Seed,
  target: SeedTarget,
  bootCommand: string | undefined,
): Record<string, unknown> {
  const user = seed.user ?? target.defaultUser;
  const commands = [...shellCommands(user, target), ...runCommands(seed.run)];
  return {
    // Without "default" in it, the publisher's own account is not made.
    users: [userEntry(user, seed, target)],
    ...(target.provisioner === 'cloud-init' && {
      ...(user === 'root' && { disable_root: false }),
      // sudo and others look the own name up, with the network down too.
      manage_etc_hosts: 'localhost',
      // An RSA key takes many seconds where the CPU is emulated.
      ssh_genkeytypes: ['ed25519', 'ecdsa'],
    }),
    ...(seed.timezone !== undefined && { timezone: seed.timezone }),
    ...(bootCommand !== undefined && { bootcmd: [bootCommand] }),
    ...(seed.files.length > 0 && { write_files: seed.files.map(fileEntry) }),
    ...(seed.packages.length > 0 && { package_update: true, packages: [...seed.packages] }),
    ...(commands.length > 0 && { runcmd: commands }),
  };
}

function userEntry(name: string, { sshKeys }: Seed, { provisioner }: SeedTarget): Record<string, unknown> {
  const keys = sshKeys.length === 0 ? {} : { ssh_authorized_keys: [...sshKeys] };
  // Its password is the image's affair.
  if (name === 'root') return { name, lock_passwd: false, ...keys };
  return {
    name,
    lock_passwd: true,
    sudo: 'ALL=(ALL) NOPASSWD:ALL',
    // What stands in sudo's place there.
    ...(provisioner === 'tiny-cloud' && { doas: [`permit nopass ${name}`] }),
    ...(provisioner === 'nuageinit' && { groups: 'wheel' }),
    ...keys,
  };
}

/** useradd's own choice is /bin/sh on some systems; naming bash to it where there is none would lock the user out. */
function shellCommands(user: string, { provisioner }: SeedTarget): string[] {
  if (provisioner !== 'cloud-init' || user === 'root') return [];
  return [`[ ! -x /bin/bash ] || usermod --shell /bin/bash ${user}`];
}

/** The first line that fails ends them all, with its status, so that the provisioner reports it. */
function runCommands(lines: readonly string[]): string[] {
  if (lines.length === 0) return [];
  // Whatever is tested by "||" does not heed "set -e".
  return [`(\nset -e\n${lines.join('\n')}\n)\nstatus=$?; [ "$status" -eq 0 ] || exit "$status"\n`];
}

function fileEntry({ path, content, mode, owner }: Required<SeedFile>): Record<string, unknown> {
  const rootOwns = /^root(:root)?$/.test(owner);
  return {
    path,
    permissions: `0${mode.toString(8).padStart(3, '0')}`,
    // Only when the users are there.
    ...(rootOwns ? {} : { owner, defer: true }),
    ...(isPlainText(content)
      ? { content }
      : { encoding: 'b64', content: Buffer.from(content).toString('base64') }),
  };
}

/** What YAML carries as it is. */
function isPlainText(content: string | Uint8Array): content is string {
  return typeof content === 'string' && /^[\t\n\x20-\x7e\xa0-\ud7ff]*$/.test(content);
}
