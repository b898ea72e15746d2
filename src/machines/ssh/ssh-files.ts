import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { knownHosts } from '../../guest/ssh/known-hosts.ts';
import { sshConfig, withHostNames } from '../../guest/ssh/ssh-config.ts';
import { makeSshKeyPair } from '../../guest/ssh/ssh-key.ts';
import { type TextFile, exchangeFile, replaceFile } from '../../util/files/atomic-file.ts';
import type { MachineSpec } from '../spec/machine-spec.ts';
import { unlessMissing } from '../../util/files/unless-missing.ts';

/** Files for ssh to a machine, in its directory `ssh`. */
export interface SshFiles {
  readonly identity: string;
  readonly publicKey: string;
  /** Host keys of the guest, so that ssh asks no questions. */
  readonly knownHosts: string;
  /** A `Host` block, for the user's Include. */
  readonly config: string;
}

export function sshFiles(directory: string): SshFiles {
  return {
    identity: join(directory, 'id_ed25519'),
    publicKey: join(directory, 'id_ed25519.pub'),
    knownHosts: join(directory, 'known_hosts'),
    config: join(directory, 'config'),
  };
}

/** Creates the directory with a key pair for the machine. */
export function createSshKeys(directory: string, machine: string): void {
  const files = sshFiles(directory);
  mkdirSync(directory, { mode: 0o700 });
  const pair = makeSshKeyPair(`vmlet ${machine}`);
  writeFileSync(files.identity, pair.privateKey, { mode: 0o600, flush: true });
  writeFileSync(files.publicKey, `${pair.publicKey}\n`, { mode: 0o600 });
}

/** Writes the machine's endpoint to its ssh configuration. */
export function writeSshConfig(...machine: Parameters<typeof sshConfigFile>): void {
  const { path, text } = sshConfigFile(...machine);
  exchangeFile(path, text);
}

export function sshConfigFile(
  spec: Pick<MachineSpec, 'name' | 'sshUser' | 'networks'>,
  directory: string,
  endpoint: { readonly address: string; readonly port: number },
  proxyCommand?: readonly string[],
): TextFile {
  const files = sshFiles(directory);
  const host = {
    ...hostNames(spec),
    ...endpoint,
    proxyCommand,
    user: spec.sshUser,
    identityFile: files.identity,
    knownHostsFile: files.knownHosts,
    hostKeyKnown: knowsHostKey(files),
  };
  return { path: files.config, text: sshConfig([host]) };
}

/** Writes the machine's present names to its ssh configuration, if it has one; others find it by them in its networks. */
export function updateSshNames(spec: Pick<MachineSpec, 'name' | 'networks'>, directory: string): void {
  const { config } = sshFiles(directory);
  const before = unlessMissing(() => readFileSync(config, 'utf8'));
  if (before === undefined) return;
  const text = withHostNames(before, hostNames(spec));
  if (text !== before) exchangeFile(config, text);
}

function hostNames({ name, networks = [] }: Pick<MachineSpec, 'name' | 'networks'>) {
  const aliases = networks.flatMap(({ network, alias }) =>
    [name, ...(alias === undefined ? [] : [alias])].map((word) => `${word}.${network}`),
  );
  return { machine: name, aliases };
}

/** Makes ssh accept only these host keys of the guest. */
export function writeKnownHosts(machine: string, directory: string, publicKeys: readonly string[]): void {
  replaceFile(sshFiles(directory).knownHosts, knownHosts(machine, publicKeys));
}

/** Renames the host in known_hosts; its keys do not change. */
export function renameKnownHosts(machine: string, directory: string): void {
  const files = sshFiles(directory);
  if (!knowsHostKey(files)) return;
  const keys = readFileSync(files.knownHosts, 'utf8')
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => line.split(' ').slice(1).join(' '));
  writeKnownHosts(machine, directory, keys);
}

function knowsHostKey(files: SshFiles): boolean {
  return (unlessMissing(() => readFileSync(files.knownHosts, 'utf8')) ?? '').trim() !== '';
}
