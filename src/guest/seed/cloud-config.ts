import type { Seed, SeedFile } from './seed-options.ts';
import type { SeedTarget } from './target.ts';

/**
 * Returns a seed as cloud-config, without the user's own user-data. Commands are strings: minimal readers of seeds do not
 * support lists.
 * @param bootCommand command to run at every boot, before anything else.
 */
export function cloudConfig(
  seed: Seed,
  target: SeedTarget,
  bootCommand: string | undefined,
): Record<string, unknown> {
  const user = seed.user ?? target.defaultUser;
  const commands = [...shellCommands(user, target), ...runCommands(seed.run)];
  return {
    // Without "default" in the list, the image's own account is not created.
    users: [userEntry(user, seed, target)],
    ...(target.provisioner === 'cloud-init' && {
      ...(user === 'root' && { disable_root: false }),
      // sudo and others resolve the host name, even without a network.
      manage_etc_hosts: 'localhost',
      // Generating an RSA key takes many seconds on an emulated CPU.
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
  // The image decides about root's password.
  if (name === 'root') return { name, lock_passwd: false, ...keys };
  return {
    name,
    lock_passwd: true,
    sudo: 'ALL=(ALL) NOPASSWD:ALL',
    // Replacements for sudo.
    ...(provisioner === 'tiny-cloud' && { doas: [`permit nopass ${name}`] }),
    ...(provisioner === 'nuageinit' && { groups: 'wheel' }),
    ...keys,
  };
}

/** useradd's default is /bin/sh on some systems; setting a missing bash would lock the user out. */
function shellCommands(user: string, { provisioner }: SeedTarget): string[] {
  if (provisioner !== 'cloud-init' || user === 'root') return [];
  return [`[ ! -x /bin/bash ] || usermod --shell /bin/bash ${user}`];
}

/** The first failing line ends all of them, with its status, so that the provisioner reports it. */
function runCommands(lines: readonly string[]): string[] {
  if (lines.length === 0) return [];
  // The subshell must not be part of "||", which would disable "set -e".
  return [`(\nset -e\n${lines.join('\n')}\n)\nstatus=$?; [ "$status" -eq 0 ] || exit "$status"\n`];
}

function fileEntry({ path, content, mode, owner }: Required<SeedFile>): Record<string, unknown> {
  const rootOwns = /^root(:root)?$/.test(owner);
  return {
    path,
    permissions: `0${mode.toString(8).padStart(3, '0')}`,
    // Written after the users have been created.
    ...(rootOwns ? {} : { owner, defer: true }),
    ...(isPlainText(content)
      ? { content }
      : { encoding: 'b64', content: Buffer.from(content).toString('base64') }),
  };
}

/** True when YAML can contain the text unchanged. */
function isPlainText(content: string | Uint8Array): content is string {
  return typeof content === 'string' && /^[\t\n\x20-\x7e\xa0-\ud7ff]*$/.test(content);
}
